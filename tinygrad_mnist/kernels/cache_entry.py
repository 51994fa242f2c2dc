"""A compiled kernel as bytes and back: object code, bitcode and a plain description, in JSON.

    bytes   meaning
    16      `_MAGIC`
    32      SHA-256 of all that follows
    12      lengths of the three parts, little-endian
    ...     description: JSON, see `_description`
    ...     object code, what runs
    ...     bitcode of the same, which other kernels are compiled with

Numba's own form is a pickle, which may call anything. Here nothing is called and nothing imported but
modules of Numba. The description names the key that the entry was made for, so that no entry can stand for
another. What this form cannot hold exactly is not kept.
"""

import hashlib
import importlib
import json
import struct
import sys
from typing import Any

from tinygrad_mnist.kernels.numba_door import compiler, environment, funcdesc, types, typing

_MAGIC = b"tinygrad_mnist\x001"
_LENGTHS = struct.Struct("<III")
_HEAD = len(_MAGIC) + 32

#: What of a function's descriptor is kept as it is.
_PLAIN = ("modname", "qualname", "unique_name", "uid", "mangled_name", "env_name")

_OWN: dict[str, Any] = {}


class NotKeepable(Exception):
    """Something of a compiled kernel has no place in an entry."""


def keepable(kind: Any) -> Any:
    """Decorator of a type of ours, made of a number's type, that kernels give back."""
    _OWN[kind.__name__] = kind
    return kind


def to_bytes(key: str, arguments: tuple[Any, ...], compiled: Any) -> bytes:
    """An entry for a compile result; raises NotKeepable."""
    descriptor = compiled.fndesc
    if compiled.objectmode or compiled.lifted or compiled.reload_init or descriptor.kws:
        raise NotKeepable("it is no plain native function")
    name, _, code = compiled.library.serialize_using_object_code()
    description = {
        "key": key,
        "library": name,
        "arguments": list(descriptor.args),
        "abi_tags": list(descriptor.abi_tags),
        "returns": _words(descriptor.restype),
        "environment": _names(compiled.environment),
        "environments": [_names(used) for used in compiled._find_referenced_environments()],
        **{field: getattr(descriptor, field) for field in _PLAIN},
    }
    if not _same(descriptor, _descriptor(description, arguments)) or compiled.signature.args != arguments:
        raise NotKeepable("its description does not tell all")
    parts = json.dumps(description).encode(), *code
    body = _LENGTHS.pack(*map(len, parts)) + b"".join(parts)
    return _MAGIC + hashlib.sha256(body).digest() + body


def from_bytes(entry: bytes, key: str, arguments: tuple[Any, ...], context: Any) -> Any:
    """The compile result of an entry for this key, or None; raises whatever damage leads to."""
    body = memoryview(entry)[_HEAD:]
    if not entry.startswith(_MAGIC) or hashlib.sha256(body).digest() != entry[len(_MAGIC) : _HEAD]:
        return None
    lengths = _LENGTHS.unpack_from(body)
    text, code, bitcode = _cut(bytes(body[_LENGTHS.size :]), lengths)
    description = json.loads(text)
    if description["key"] != key:
        return None
    descriptor = _descriptor(description, arguments)
    if descriptor.mangled_name != description["mangled_name"]:
        return None
    return compiler.CompileResult._rebuild(
        context,
        (description["library"], "object", (code, bitcode)),
        descriptor,
        _environment(*description["environment"]),
        typing.signature(descriptor.restype, *arguments),
        False,  # not in object mode
        (),  # no lifted loops
        "",  # no annotation, which is for people
        (),  # nothing to call
        [_environment(*names) for names in description["environments"]],
    )


def _cut(content: bytes, lengths: tuple[int, ...]) -> list[bytes]:
    if len(content) != sum(lengths):
        raise ValueError("an entry of another length")
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    return [content[end - length : end] for end, length in zip(ends, lengths)]


def _descriptor(description: dict[str, Any], arguments: tuple[Any, ...]) -> Any:
    return funcdesc.PythonFunctionDescriptor(
        native=True,
        modname=description["modname"],
        qualname=description["qualname"],
        unique_name=description["unique_name"],
        doc="",
        typemap=None,
        restype=_type(description["returns"]),
        calltypes=None,
        args=tuple(description["arguments"]),
        kws=(),
        argtypes=arguments,
        env_name=description["env_name"],
        abi_tags=tuple(description["abi_tags"]),
        uid=description["uid"],
    )


def _same(first: Any, second: Any) -> bool:
    # The mangled name has the tags in it; the others are for people and for the compiler.
    no_matter = ("abi_tags", "doc", "typemap", "calltypes")
    fields = [name for name in funcdesc.FunctionDescriptor.__slots__ if name not in no_matter]
    return all(getattr(first, name) == getattr(second, name) for name in fields)


def _words(kind: Any) -> Any:
    """A type in plain words, from which `_type` makes it."""
    if isinstance(kind, types.IntegerLiteral):
        words: Any = ["literal", kind.literal_value]
    elif isinstance(kind, types.BaseTuple):
        words = ["tuple", *map(_words, kind)]
    elif type(kind).__name__ in _OWN:
        words = [type(kind).__name__, _words(kind.number)]
    else:
        words = str(kind)
    if _type(words) != kind:
        raise NotKeepable(f"it gives a {kind}")
    return words


def _type(words: Any) -> Any:
    if isinstance(words, str):
        kind = getattr(types, words, None)
        if not isinstance(kind, types.Number | types.Boolean | types.NoneType):
            raise NotKeepable(f"{words} is no type of a number")
        return kind
    first, *rest = words
    if first == "literal":
        return types.literal(*rest)
    if first == "tuple":
        return types.Tuple.from_types(tuple(map(_type, rest)))
    return _OWN[first](*map(_type, rest))


def _names(used: Any) -> list[str]:
    """The module and the name of an environment."""
    if used.consts or "__name__" not in used.globals:
        raise NotKeepable("it refers to objects of Python")
    return [used.globals["__name__"], used.env_name]


def _environment(module: str, name: str) -> Any:
    """The environment of that name: a function's module, as machine code refers to it."""
    known = environment.lookup_environment(name)
    if known is not None:
        return known
    if module.partition(".")[0] == "numba":
        importlib.import_module(module)
    made = environment.Environment(sys.modules[module].__dict__)
    made.env_name = name
    environment.Environment._memo[name] = made
    return made
