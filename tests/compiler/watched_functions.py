"""A function by how it is reached, and all of it that can change; variables that come and go."""

from __future__ import annotations

from watched_places import Site

_FUNCTION = "def given(a=VALUE, *, b=0.0): return a + b\n"

#: Text that reaches `given`, and the expression that calls it.
_REACHED: dict[str, tuple[str, str]] = {
    "a global": ("", "given()"),
    "a variable of a closure": ("def made(f): return lambda: f()\ncall = made(given)", "call()"),
    "an attribute": ("import types\nspace = types.SimpleNamespace(f=given)", "space.f()"),
    "an item": ("fs = {'f': given}", "fs['f']()"),
    "a default": ("def call(f=given): return f()", "call()"),
    "a partial": ("import functools\ncall = functools.partial(given)", "call()"),
    "a partial of a partial": (
        "import functools\ncall = functools.partial(functools.partial(given))",
        "call()",
    ),
    "a partial in an object": (
        "import functools\nclass Box: f = functools.partial(given)\nbox = Box()",
        "box.f()",
    ),
    "a static method": ("class Box: f = staticmethod(given)\nbox = Box()", "box.f()"),
    "a class method": ("class Box: f = classmethod(lambda cls: given())", "Box.f()"),
    "a property": ("class Box: f = property(lambda self: given())\nbox = Box()", "box.f"),
    "a wrapper": ("import functools\n@functools.wraps(given)\ndef call(): return given()", "call()"),
    "an argument of map": ("", "list(map(lambda _: given(), [0]))[0]"),
    "a key of sorted": ("", "sorted([1.5], key=lambda x: given())[0] * given()"),
    "a method": (
        "class Box:\n    def f(self, a=VALUE, *, b=0.0): return a + b\nbox = Box(); given = Box.f",
        "box.f()",
    ),
    "a method of a base": (
        "class Base:\n    def f(self, a=VALUE, *, b=0.0): return a + b\n"
        "class Box(Base): pass\nbox = Box(); given = Base.f",
        "box.f()",
    ),
    "a method by super": (
        "class Base:\n    def f(self, a=VALUE, *, b=0.0): return a + b\n"
        "class Box(Base):\n    def f(self): return super().f()\nbox = Box(); given = Base.f",
        "box.f()",
    ),
    "a method that was bound": (
        "class Box:\n    def f(self, a=VALUE, *, b=0.0): return a + b\ncall = Box().f; given = Box.f",
        "call()",
    ),
    "__init__": (
        "class Box:\n    def __init__(self, a=VALUE, *, b=0.0): self.a = a + b\ngiven = Box.__init__",
        "Box().a",
    ),
    "__call__": (
        "class Box:\n    def __call__(self, a=VALUE, *, b=0.0): return a + b\n"
        "box = Box(); given = Box.__call__",
        "box()",
    ),
    "an operator": (
        "class Box:\n    def __neg__(self, a=VALUE, *, b=0.0): return a + b\n"
        "box = Box(); given = Box.__neg__",
        "(-box)",
    ),
    "a method by its name": (
        "import operator\nclass Box:\n    def f(self, a=VALUE, *, b=0.0): return a + b\n"
        "box = Box(); given = Box.f",
        "operator.methodcaller('f')(box)",
    ),
    "a generator": ("def numbers(): yield given()", "next(numbers())"),
    "a comprehension": ("", "[given() for _ in range(1)][0]"),
    "getattr": ("import types\nspace = types.SimpleNamespace(f=given)", "getattr(space, 'f')()"),
}
_CHANGES: dict[str, str] = {
    "defaults": "given.__defaults__ = (NEW,)",
    "no defaults": "given.__defaults__ = None",
    "keyword defaults": "given.__kwdefaults__ = {'b': 1.0}",
    "keyword defaults in place": "given.__kwdefaults__['b'] = 1.0",
    "code": "given.__code__ = (lambda *a, b=0.0: NEW).__code__",
}
_PARTIAL = "import functools\ndef given(a, *, b=0.0): return a + b\ndef other(a, b=0.0): return NEW\n"
_PARTIALS: dict[str, tuple[str, str]] = {
    "a partial": ("p = functools.partial(given, VALUE, b=0.0)", "p()"),
    "a partial of a partial": ("p = functools.partial(given, VALUE, b=0.0); q = functools.partial(p)", "q()"),
    "a partial handed on": ("p = functools.partial(given, VALUE, b=0.0)", "list(map(lambda f: f(), [p]))[0]"),
    "a partial called by native code": (
        "p = functools.partial(given, b=0.0)",
        "list(map(p, [VALUE]))[0]",
    ),
    "a partial by a keyword": ("p = functools.partial(given, a=VALUE)", "p()"),
}
_INSIDE: dict[str, str] = {
    "its function": "p.__setstate__((other, p.args, p.keywords, {}))",
    "its arguments": "p.__setstate__((p.func, p.args and (NEW,), p.keywords, {}))",
    "its keywords": "p.__setstate__((p.func, p.args, {**p.keywords, 'b': 1.0}, {}))",
    "its keywords in place": "p.keywords['b'] = 1.0",
}
_TRIED = "def tried(f):\n    try: return f()\n    except (NameError, TypeError): return 0.25\n"
_CELLS = (
    "def make():\n    def get(): return k\n    def put(v):\n        nonlocal k\n        k = v\n"
    "    def drop():\n        nonlocal k\n        del k\n    if START: k = VALUE\n    return get, put, drop\n"
    "get, put, drop = make()\n"
)

#: Variables that come and go.
_VARIABLES: dict[str, Site] = {
    "a variable of a closure that gets a value": Site(_CELLS.replace("START", "0"), "get()", "put(NEW)"),
    "a variable of a closure that loses it": Site(_CELLS.replace("START", "1"), "get()", "drop()"),
    "a global that comes": Site("", "k", "k = NEW"),
    "a global that goes": Site("k = VALUE", "k", "del k"),
    "a global that goes and comes": Site("k = VALUE", "k", "del k; k = NEW"),
    "a builtin hidden": Site("", "len([1, 2])", "len = lambda x: NEW"),
    "a builtin no longer hidden": Site("len = lambda x: NEW", "len([1, 2])", "del len"),
    "a builtin replaced": Site(
        "__builtins__ = dict(vars(__import__('builtins')))",
        "abs(-VALUE)",
        "__builtins__['abs'] = lambda x: NEW",
    ),
    "a builtin added": Site(
        "__builtins__ = dict(vars(__import__('builtins')))", "late", "__builtins__['late'] = NEW"
    ),
    "a builtin that goes": Site(
        "__builtins__ = dict(vars(__import__('builtins')))", "abs(-VALUE)", "del __builtins__['abs']"
    ),
    "a name imported in the function": Site(
        "import sys, types\nsys.modules['settings_of_mine'] = types.ModuleType('settings_of_mine')\n"
        "sys.modules['settings_of_mine'].k = VALUE\n"
        "def get():\n    from settings_of_mine import k\n    return k",
        "get()",
        "sys.modules['settings_of_mine'].k = NEW",
    ),
    "a module replaced": Site(
        "import sys, types\nsys.modules['settings_of_mine'] = types.ModuleType('settings_of_mine')\n"
        "sys.modules['settings_of_mine'].k = VALUE\n"
        "def get():\n    import settings_of_mine\n    return settings_of_mine.k",
        "get()",
        "sys.modules['settings_of_mine'] = types.SimpleNamespace(k=NEW)",
    ),
    "a cached function: cleared": Site(
        "import functools\nk = VALUE\n@functools.lru_cache\ndef get(): return k\nget()",
        "get()",
        "k = NEW; get.cache_clear()",
    ),
    "a cached function: not cleared": Site(
        "import functools\nk = VALUE\n@functools.lru_cache\ndef get(): return k\nget()", "get()", "k = NEW"
    ),
    "a cached function: first called inside": Site(
        "import functools\nk = VALUE\n@functools.cache\ndef get(): return k",
        "get()",
        "k = NEW; get.cache_clear()",
    ),
    "a function by its type": Site(
        "import functools\n@functools.singledispatch\ndef get(x): return VALUE",
        "get(1)",
        "get.register(int, lambda x: NEW)",
    ),
    "an abstract class that learns of another": Site(
        "import collections.abc\nclass Box: pass\nbox = Box()\nclass Kind(collections.abc.Sized): pass",
        "(1.5 if isinstance(box, Kind) else 0.5)",
        "Kind.register(Box)",
    ),
    "a protocol that becomes true": Site(
        "import collections.abc\nclass Box: pass\nbox = Box()",
        "(1.5 if isinstance(box, collections.abc.Sized) else 0.5)",
        "collections.abc.Sized.register(Box)",
    ),
    "an enum's member": Site(
        "import enum\nclass Mode(enum.Enum):\n    A = 1\n    def scale(self): return VALUE\nmode = Mode.A",
        "mode.scale()",
        "Mode.scale = lambda self: NEW",
    ),
    "what a name is matched with": Site(
        "class Box: __match_args__ = ('a', 'b')\nbox = Box(); box.a, box.b = VALUE, NEW\n"
        "def get():\n    match box:\n        case Box(k): return k",
        "get()",
        "Box.__match_args__ = ('b', 'a')",
    ),
    "a hash of a key": Site(
        "class Key:\n    def __hash__(self): return 1\n    def __eq__(self, other): return True\n"
        "key, d = Key(), {1: VALUE, 2: NEW}",
        "d[key]",
        "Key.__hash__ = lambda self: 2",
    ),
    "an index": Site(
        "class Key:\n    def __index__(self): return 0\nkey, ks = Key(), [VALUE, NEW]",
        "ks[key]",
        "Key.__index__ = lambda self: 1",
    ),
    "a setter that comes": Site(
        "class Box: pass\nbox, out = Box(), []\ndef get():\n    box.k = VALUE\n    return box.k",
        "get()",
        "Box.k = property(lambda self: NEW, lambda self, v: None)",
    ),
    "__setattr__ that comes": Site(
        "class Box: k = 0.25\nbox = Box()\ndef get():\n    box.k = VALUE\n    return box.k",
        "get()",
        "del box.k; Box.__setattr__ = lambda self, name, v: None",
    ),
    "__setitem__ that comes": Site(
        "class Box(dict): pass\nbox = Box(k=0.25)\ndef get():\n    box['k'] = VALUE\n    return box['k']",
        "get()",
        "box.update(k=0.25); Box.__setitem__ = lambda self, name, v: None",
    ),
}

SITES: dict[str, Site] = {
    **{
        f"{reached}: {change}": Site(
            _FUNCTION + _TRIED + _REACHED[reached][0],
            f"tried(lambda: {_REACHED[reached][1]})",
            _CHANGES[change],
        )
        for reached in _REACHED
        for change in _CHANGES
    },
    **{
        f"{reached}: {change}": Site(
            _PARTIAL + _TRIED + _PARTIALS[reached][0],
            f"tried(lambda: {_PARTIALS[reached][1]})",
            _INSIDE[change],
        )
        for reached in _PARTIALS
        for change in _INSIDE
    },
    **{
        name: site._replace(setup=_TRIED + site.setup, read=f"tried(lambda: {site.read})")
        for name, site in _VARIABLES.items()
    },
}
