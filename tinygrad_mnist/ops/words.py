"""One mechanism for argument words: what an operation calls `axis` may be called `dim`, and so on.

The operations themselves are written with one word for each argument. `worded` makes of such a function the
one that people call: it takes PyTorch's words and NumPy's, casts where `dtype=` is given, and refuses `out=`
and misspelt words by name.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, NoReturn

from ..primitive import check_dtype
from .elementwise import cast

#: A word of PyTorch's or NumPy's -> ours, for every operation that has an argument of our name.
WORDS = {
    "dim": "axis",
    "dims": "axes",
    "keepdim": "keepdims",
    "dim0": "axis0",
    "dim1": "axis1",
    "dim2": "axis2",
    "axes": "axis",
    "axis1": "axis0",
    "start_dim": "start_axis",
    "end_dim": "end_axis",
    "dimension": "axis",
    "p": "ord",
    "split_size_or_sections": "size",
    "split_size": "size",
    "sizes": "shape",
    "size": "shape",
    "target": "other",
    "upper": "upper",
    "diagonal": "offset",
}

#: More words of single operations.
OWN = {
    "flip": {"dims": "axis"},
    "roll": {"dims": "axis"},
    "tile": {"dims": "times"},
    "repeat": {"sizes": "times", "repeats": "times"},
    "lerp": {"input": "start"},
    "where": {"input": "a", "self": "a", "other": "b"},
    "masked_scatter": {"source": "src"},
    "scatter": {"value": "src"},
    "index_add": {"source": "src"},
    "index_copy": {"source": "src"},
    "isin": {"elements": "x"},
    "searchsorted": {"input": "values", "sorted_sequence": "edges"},
    "bucketize": {"boundaries": "edges", "input": "x"},
    "trapezoid": {"y": "x"},
    "diff": {"dim": "axis"},
}

#: Operations that take `dtype=`: their operand is cast before, so that nothing overflows on the way.
CASTING = frozenset(
    [
        "sum",
        "prod",
        "mean",
        "nansum",
        "nanmean",
        "cumsum",
        "cumprod",
        "softmax",
        "log_softmax",
        "softmin",
        "norm",
        "vector_norm",
    ]
)


#: Where an argument has one word only and each call counts.
_PLAIN = frozenset({"getitem", "linear", "matmul", "reshape", "take"})

#: What `worded` made.
_MADE: set[Callable[..., Any]] = set()


def give_words(where: dict[str, Any]) -> None:
    """Put into a front, in the place of each function, the one that people call."""
    for name, thing in where.items():
        if isinstance(thing, FunctionType) and name[0] != "_" and name not in _PLAIN and thing not in _MADE:
            where[name] = worded(thing)


def worded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with every word that PyTorch and NumPy have for its arguments."""
    code, name = inspect.unwrap(function).__code__, function.__name__
    ours = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    theirs = {word: own for word, own in WORDS.items() if own in ours and word not in ours}
    theirs.update((word, own) for word, own in OWN.get(name, {}).items() if own in ours)
    if ours and "input" not in ours:
        theirs.setdefault("input", ours[0])
    if len(ours) > 1 and ours[:2] == ("a", "b"):
        theirs.update(other="b", mat2="b", vec2="b", vec="b", tensor="b")
    casting = name in CASTING

    @functools.wraps(function)
    def called(*args: Any, **keywords: Any) -> Any:
        if not keywords:
            return function(*args)
        given = {}
        dtype = None
        for word, value in keywords.items():
            own = word if word in ours else theirs.get(word)
            if own is None:
                if word == "dtype" and casting:
                    dtype = value
                    continue
                if word == "out" and value is None:
                    continue
                _refuse(name, word, [*ours, *theirs])
            if own in given:
                raise TypeError(f"{name}: {word}= is given twice, by another word for it too")
            given[own] = value
        if dtype is not None:
            first = ours[0]
            x = args[0] if args else given.pop(first)
            args = (cast(x, check_dtype(dtype)), *args[1:])
            y = function(*args, **given)
            return y if y.dtype == check_dtype(dtype) else cast(y, check_dtype(dtype))
        return function(*args, **given)

    _MADE.add(called)
    return called


def _refuse(name: str, word: str, known: list[str]) -> NoReturn:
    if word == "out":
        raise TypeError(
            f"{name}: out= is not here, since results are new tensors; write y = {name}(...), or "
            f"y.copy_({name}(...)) where the object matters"
        )
    near = difflib.get_close_matches(word, known, 1)
    hint = f"; did you mean {near[0]}=?" if near else f"; it has {', '.join(known)}"
    raise TypeError(f"{name}: there is no argument {word}={hint}")
