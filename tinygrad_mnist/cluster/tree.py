"""One fixed tree of additions over the shards of a batch, whoever adds which part of it.

The sum of shards a .. b - 1 is the sum of its first 2^k, where 2^k is the largest power of two below b - a,
and of the rest. A rank that has shards one after another adds those subtrees that lie within them; the others
add the rest. So the sum has the same bits for any number of ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..primitive import Array

#: The shards from the first to before the second.
Node: TypeAlias = tuple[int, int]


def own_shards(shards: int, ranks: int, rank: int) -> Node:
    """Which of the shards a rank has: as many as any other, or one more."""
    return shards * rank // ranks, shards * (rank + 1) // ranks


def subtrees(within: Node, tree: Node) -> Iterator[Node]:
    """The largest subtrees of a tree whose shards all lie within a range, from left to right."""
    (low, high), (first, end) = within, tree
    if high <= first or end <= low:
        return
    if low <= first and end <= high:
        yield tree
        return
    for half in _halves(tree):
        yield from subtrees(within, half)


def total(tree: Node, part: Callable[[Node], list[Array] | None]) -> list[Array]:
    """The sums over a tree, which may be the arrays that `part` gave: they are added to.

    Args:
        tree: whose sums are asked for.
        part: gives the sums of a subtree as new arrays, or None where they are to be added from its halves.
    """
    found = part(tree)
    if found is None:
        left, right = _halves(tree)
        found = total(left, part)
        for x, y in zip(found, total(right, part), strict=True):
            x += y
    return found


def _halves(tree: Node) -> tuple[Node, Node]:
    first, end = tree
    middle = first + (1 << (end - first - 1).bit_length() - 1)
    return (first, middle), (middle, end)
