"""Where Python looks for methods: what stands there first, and what can come to stand there later."""

from __future__ import annotations

from watched_places import Site

#: An expression that runs a special method of `box`, by the name of the method.
OPERATIONS: dict[str, str] = {
    "__add__": "(box + 1)",
    "__radd__": "(1 + box)",
    "__iadd__": "added(box)",
    "__sub__": "(box - 1)",
    "__rsub__": "(1 - box)",
    "__mul__": "(box * 1)",
    "__rmul__": "(1 * box)",
    "__truediv__": "(box / 1)",
    "__rtruediv__": "(1 / box)",
    "__floordiv__": "(box // 1)",
    "__mod__": "(box % 1)",
    "__pow__": "(box ** 1)",
    "__matmul__": "(box @ 1)",
    "__rmatmul__": "(1 @ box)",
    "__and__": "(box & 1)",
    "__or__": "(box | 1)",
    "__xor__": "(box ^ 1)",
    "__lshift__": "(box << 1)",
    "__rrshift__": "(1 >> box)",
    "__neg__": "(-box)",
    "__pos__": "(+box)",
    "__invert__": "(~box)",
    "__abs__": "abs(box)",
    "__round__": "round(box)",
    "__divmod__": "divmod(box, 1)",
    "__lt__": "(box < 1)",
    "__le__": "(box <= 1)",
    "__eq__": "(box == 1)",
    "__ne__": "(box != 1)",
    "__gt__": "(1 < box)",
    "__ge__": "(1 <= box)",
    "__getitem__": "box['a']",
    "__call__": "box()",
    "__enter__": "entered(box)",
    "__getattr__": "box.late",
    "__getattribute__": "box.early",
    "__index__": "[0, 1, 2, 3, 4][box]",
    "__int__": "int(box)",
    "__float__": "float(box)",
    "__len__": "len(box)",
    "__bool__": "(1.5 if box else 0.5)",
    "__contains__": "(1.5 if 1 in box else 0.5)",
    "__iter__": "list(box)[0]",
    "__reversed__": "list(reversed(box))[0]",
    "__next__": "next(iter(box))",
    "__str__": "len(str(box))",
    "__format__": "len(f'{box:3}')",
    "__hash__": "{2: 0.5, 3: 1.5}.get(hash(box))",
    "__get__": "Holder.box",
    "__array__": "np.add(box, 0)",
    "__missing__": "box['a']",
    "__instancecheck__": "(1.5 if isinstance(1, box) else 0.5)",
}
_GIVES = {
    "__index__": "int(GIVEN)", "__int__": "int(GIVEN)", "__float__": "float(GIVEN)", "__len__": "int(GIVEN)",
    "__bool__": "GIVEN > 2", "__contains__": "GIVEN > 2", "__iter__": "iter([GIVEN])",
    "__reversed__": "iter([GIVEN])", "__str__": "'x' * int(GIVEN)", "__format__": "'x' * int(GIVEN)",
    "__getattribute__": "GIVEN if a[-1] == 'early' else object.__getattribute__(box, a[-1])",
    "__hash__": "int(GIVEN)", "__array__": "np.array(GIVEN)", "__instancecheck__": "GIVEN > 2",
}  # fmt: skip
_ABOVE = {"__missing__": "dict", "__instancecheck__": "type"}
_BESIDE = {
    "__enter__": "    def __exit__(self, *a): pass\n",
    "__next__": "    def __iter__(self): return self\n",
    "__reversed__": "    def __len__(self): return 1\n    def __getitem__(self, k): return 1\n",
}
_START = (
    "import functools, types\n"
    "def added(box):\n    box += 1\n    return box\n"
    "def entered(box):\n    with box as k: return k\n"
    "def given(): return VALUE\n"
    "def tried(f):\n    try: return f()\n    except (TypeError, AttributeError): return 0.25\n"
)

#: Ways to write a method: the text that makes a function of it, called `made`.
WRITTEN: dict[str, str] = {
    "under its name": "def OP(self, *a, **k): return GIVES\nmade = OP\n",
    "under another name": "def other(self, *a, **k): return GIVES\nmade = other\n",
    "as a lambda": "made = lambda self, *a, **k: GIVES\n",
    "of arguments only": "def other(*a): return GIVES\nmade = other\n",
    "wrapped": (
        "def other(self, *a, **k): return GIVES\n"
        "@functools.wraps(other)\ndef made(*a, **k): return other(*a, **k)\n"
    ),
    "as a partial method": (
        "def other(self, bound, *a, **k): return GIVES\nmade = functools.partialmethod(other, None)\n"
    ),
}

#: Where it can come to stand, later, as `made`.
PLACES: dict[str, str] = {
    "in the class": "Box.OP = made",
    "in the base": "Base.OP = made",
    "in another base": "class Other(BASE_OF): pass\nOther.OP = made\nBox.__bases__ = (Other, Base)",
    "in another class": "class Other(Box): pass\nOther.OP = made\nbox.__class__ = Other",
    "in a box of its own": "class Other(Box): pass\nOther.OP = made\nbox = again(Other)",
}


def _method(written: str, operation: str, given: str) -> str:
    gives = _GIVES.get(operation, "GIVEN").replace("GIVEN", given)
    return WRITTEN[written].replace("OP", operation).replace("GIVES", gives)


def _classes(operation: str, inside: str) -> str:
    above = f", {_ABOVE[operation]}" if operation in _ABOVE else ""
    return (
        f"class Above:\n    pass\nclass Base(Above{above}):\n    pass\n"
        f"class Box(Base):\n    early = 0.125\n{_BESIDE.get(operation, '')}{inside}"
    )


def _end(operation: str) -> str:
    if operation == "__instancecheck__":
        return "box = Box('Made', (), {})\ndef again(cls): return cls('Made', (), {})\n"
    if operation == "__get__":
        return (
            "box = Box()\nclass Holder: pass\nHolder.box = box\n"
            "def again(cls):\n    Holder.box = cls()\n    return Holder.box\n"
        )
    return "box = Box()\ndef again(cls): return cls()\n"


def _read(operation: str) -> str:
    return f"tried(lambda: {OPERATIONS[operation]})"


def _site(operation: str, there: str, place: str, written: str) -> Site:
    """A method that is `there` before, or nothing where that is empty, and comes to stand in a place."""
    inside = _method(written, operation, "given()") + f"{there}.{operation} = made\n" if there else ""
    change = PLACES[place].replace("OP", operation).replace("BASE_OF", "Above")
    return Site(
        _START + _classes(operation, inside) + _end(operation),
        _read(operation),
        _method("as a lambda", operation, "NEW") + change,
    )


#: Each method by how it is written, and replaced; and by where it comes to stand, over one or over none.
SITES: dict[str, Site] = {}
for _operation in OPERATIONS:
    for _written in WRITTEN:
        SITES[f"{_operation} {_written}, replaced"] = _site(_operation, "Box", "in the class", _written)
        SITES[f"{_operation} {_written}, what it reads"] = _site(
            _operation, "Box", "in the class", _written
        )._replace(change="given = lambda: NEW")
    for _place in PLACES:
        for _there in ("", "Base", "Above"):
            if not (_there == "Base" and _place == "in the base"):
                SITES[f"{_operation} {_place}, over {_there or 'none'}"] = _site(
                    _operation, _there, _place, "as a lambda"
                )
