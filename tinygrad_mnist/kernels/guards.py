"""Whether places in Python's objects still hold what they held: one quick call for many.

A table has a row of five words for each question: which, whose, under what name, the answer that is expected,
and for `FIELD` what counts where there is none. Objects are their addresses: who makes a table keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_mnist.kernels.arrays import ArrayObject, data, room_for_shape, size
from tinygrad_mnist.kernels.headers import headers_unchanged
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.objects import (
    attribute,
    cell,
    code_of,
    contains,
    context_value,
    defaults_of,
    forget,
    inherited,
    item,
    keyword_defaults_of,
    kind_of,
    list_item,
    next_key,
    no_error,
    size as length,
    space,
    tuple_item,
    tuple_size,
    version_of,
)
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.simd import offset

WIDTH = 5  # words of a row
NEVER = -1  # no version
#: The questions. SPACE looks up an object's dictionary, in which OWN, IN_SPACE and FIELD look then, and may
#: ask for its type as KIND does. CLASS is
#: in front of questions about what a class has or inherits, and says how many: they need not be asked again
#: while Python's version of it, which changes with it and what it inherits, is the one in the fourth word.
SPACE, OWN, IN_SPACE, FIELD, ITEM, IN_DICT, LIST_ITEM, LENGTH, KEYS, ATTRIBUTE, KIND, CELL = range(12)
CODE, DEFAULTS, KEYWORD_DEFAULTS, CONTEXT, CLASS, LOOKUP = range(12, 18)


@routine
def _same_keys(dictionary: int, keys: int) -> bool:
    """Whether a dictionary has these very keys, in this order."""
    places = room_for_shape()
    places[0] = 0
    count, found = tuple_size(keys), 0
    while next_key(dictionary, places) != 0:
        if found >= count or tuple_item(keys, found) != places[1]:
            return False
        found += 1
    return found == count


@routine
def _is(x: int, expected: int) -> bool:
    """Whether an object that was given to us is the expected one; it is given back."""
    if x != 0:
        forget(x)
    return x == expected


@routine
def _answer(at: Any, dictionary: int) -> bool:
    """Whether a question other than SPACE is answered as expected."""
    question, owner, key, expected = at[0], at[1], at[2], at[3]
    if question == OWN:
        return item(dictionary, key) == expected
    if question == IN_SPACE:
        return contains(dictionary, key) == expected
    if question == FIELD:
        found = item(dictionary, key)
        return (at[4] if found == 0 else found) == expected
    if question == ITEM:
        return item(owner, key) == expected
    if question == IN_DICT:
        return contains(owner, key) == expected
    if question == LIST_ITEM:
        return key < length(owner) and list_item(owner, key) == expected
    if question == LENGTH:
        return length(owner) == expected
    if question == KEYS:
        return _same_keys(owner, expected)
    if question == ATTRIBUTE:
        found = attribute(owner, key)
        if found == 0:
            no_error()
        return _is(found, expected)
    if question == LOOKUP:
        return inherited(owner, key) == expected
    if question == KIND:
        return kind_of(owner) == expected
    if question == CELL:
        return _is(cell(owner), expected)
    if question == CODE:
        return code_of(owner) == expected
    if question == DEFAULTS:
        return defaults_of(owner) == expected
    if question == CONTEXT:
        return _is(context_value(owner, room_for_shape()), expected)
    return question == KEYWORD_DEFAULTS and keyword_defaults_of(owner) == expected


@routine
def places_unchanged(rows: Any, words: int) -> bool:
    """Whether every question of a table of so many words is answered as expected."""
    dictionary, first, learnt, known = 0, 0, -1, -1
    while first < words:
        if rows[first] == SPACE:
            dictionary = space(rows[first + 1], 0)
            if dictionary == 0:
                no_error()
                return False
            forget(dictionary)  # its object holds it
            if rows[first + 3] != 0 and kind_of(rows[first + 1]) != rows[first + 3]:
                return False
        elif rows[first] == CLASS:
            behind = first + WIDTH * (1 + rows[first + 2])
            if version_of(rows[first + 1]) == rows[first + 3]:
                first = behind
                continue
            learnt, known = first, behind
        elif not _answer(offset(rows, first), dictionary):
            no_error()
            return False
        first += WIDTH
        if first == known:
            version = version_of(rows[learnt + 1])
            rows[learnt + 3] = version if version != 0 else NEVER
    return True


@kernel
def _unchanged(rows: Any, headers: Any) -> bool:
    """Whether places and arrays are as two tables say, of int64."""
    return places_unchanged(data(rows), size(rows)) and headers_unchanged(data(headers), size(headers))


def unchanged() -> Callable[[Any, Any], bool]:
    """The machine code of `_unchanged`, for two plain arrays of int64."""
    signature = (ArrayObject(types.int64), ArrayObject(types.int64))
    if signature not in _unchanged.overloads:
        _unchanged.compile(signature)
    code: Callable[[Any, Any], bool] = _unchanged.overloads[signature].entry_point
    return code
