"""One network on several ranks: each computes the gradients of its part of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ..compiler import jit
from ..core.tensor import Tensor, wrap
from ..errors import GraphError, ShapeError
from ..nn import Module
from ..optim import Optimizer
from ..primitive import Array
from ..train.identity import generators_of
from .ranks import Ranks, RanksError, communicator
from .tree import Node, own_shards, subtrees, total

#: Of some examples -> their mean cost, or (their mean cost, their outputs).
Cost: TypeAlias = Callable[..., Tensor | tuple[Tensor, Tensor]]

_SPAN = 1 << 28  # of a Generator's stream, for what a shard draws


class DataParallel:
    """Steps of training whose batches are shared by ranks, with the same bits for any number of them.

    A batch is cut into a fixed number of shards. Each shard's gradient is computed by itself, by the rank
    that has it; they are added in one fixed tree and every rank does the same step with the sum::

        parallel = cluster.DataParallel(model, optimiser)
        for images, labels in batches:                     # the same on every rank
            cost = parallel.step(lambda x, y: nn.cross_entropy(model(x), y), images, labels)

    At first every rank is given the parameters, buffers and random generators of rank 0. What modules draw,
    as for dropout, depends on the shard.

    Args:
        model, optimiser: the same on each rank.
        shards: how many parts a batch has; the result depends on it. No more ranks than that.
        ranks: the processes; None for those of the launcher, see `communicator`.
        compiled: whether a shard's gradient goes through `tg.jit`; the function of `step` should then be
            the same object at each call.

    Raises:
        RanksError: for more ranks than shards, and as `communicator`.
        ValueError: for fewer than one shard.
    """

    def __init__(
        self,
        model: Module,
        optimiser: Optimizer,
        *,
        shards: int = 8,
        ranks: Ranks | None = None,
        compiled: bool = True,
    ) -> None:
        if shards < 1:
            raise ValueError(f"DataParallel: a batch has at least one shard, not {shards}")
        self.ranks = communicator() if ranks is None else ranks
        if self.ranks.size > shards:
            raise RanksError(
                f"there are {self.ranks.size} ranks, but only {shards} shards of a batch to share"
            )
        self.model, self.optimiser, self.shards = model, optimiser, shards
        self._parameters = [p for group in optimiser.param_groups for p in group["params"] if p.requires_grad]
        self._kind = np.result_type(np.float32, *(p.dtype for p in self._parameters))
        self._compiled = compiled
        self._function: Cost | None = None
        self._stop = False
        self._generators = generators_of(model)
        self._begin_alike()

    def stop(self) -> None:
        """Have all ranks end after the step under way: their `step` raises KeyboardInterrupt then."""
        self._stop = True

    def step(self, function: Cost, *batch: Any) -> Any:
        """Do one step for a batch.

        Args:
            function: of a shard of each of `batch` -> the mean cost of its examples; or of that and their
                outputs, (examples, ...).
            batch: arrays or Tensors whose first axis is that of the examples, the same on every rank.

        Returns:
            The mean cost of the batch, a Tensor without axes; with outputs, also theirs, in order.

        Raises ShapeError for batches of unequal length or none and for what is no cost, GraphError where a
        module changes its buffers as it trains (as BatchNorm does), which would be of one shard and not of
        the batch.
        """
        parts = [x.array if isinstance(x, Tensor) else np.asarray(x) for x in batch]
        lengths = {len(x) for x in parts}
        if len(lengths) != 1 or not max(lengths):
            raise ShapeError(f"DataParallel.step: a batch has one length, at least 1, not {sorted(lengths)}")
        (length,) = lengths
        cuts = sorted({length * k // self.shards for k in range(self.shards + 1)})  # no shard is empty
        tree = (0, len(cuts) - 1)
        ranges = [own_shards(tree[1], self.ranks.size, rank) for rank in range(self.ranks.size)]
        nodes = [list(subtrees(its, tree)) for its in ranges]
        program = self._program(function)
        outputs: list[list[Array]] = []
        before = self._positions()
        drawn: set[str] = set()

        def sum_of(node: Node) -> list[Array] | None:
            low, high = cuts[node[0]], cuts[node[1]]
            if node[1] - node[0] > 1:
                return None
            placed = self._place(before, node[0])
            cost, gradients, given = program((high - low) / length, *(wrap(x[low:high]) for x in parts))
            drawn.update(name for name, state in self._positions().items() if (state != placed[name]).any())
            outputs.append([x.array for x in given])
            found = [g.array for g in gradients]
            if not self._compiled or len({id(x) for x in found}) < len(found):  # others may have them, too
                found = [np.array(x) for x in found]
            return [*found, np.array([cost.array, float(self._stop)], self._kind)]

        buffers = {name: x.array for name, x in self.model.named_buffers()}
        self.optimiser.zero_grad()
        rows = [self._row(total(node, sum_of)) for node in nodes[self.ranks.rank]]
        if rows:
            own = rows[0][None] if len(rows) == 1 else np.stack(rows)
        else:  # fewer examples than ranks: what the others have looks like this
            own = self._row(total((0, 1), sum_of))[None][:0]
            outputs = [[x[:0] for x in given] for given in outputs]
        self._refuse_changed(buffers)
        self._place({name: before[name] for name in before if name not in drawn}, 0)
        self._place({name: before[name] for name in drawn}, self.shards)
        row = self._summed(own, nodes, tree)
        self._put(row)
        self.optimiser.step()
        if row[-1] > 0:
            raise KeyboardInterrupt
        cost = wrap(np.array(row[-2]))
        if not outputs[0]:
            return cost
        counts = [cuts[end] - cuts[first] for first, end in ranges]
        whole = [self.ranks.gathered(np.concatenate(its), counts) for its in zip(*outputs)]
        return cost, *map(wrap, whole)

    def _begin_alike(self) -> None:
        if self.ranks.size == 1:
            return
        told = self.ranks.told((self.model.state_dict(), self.optimiser.state_dict(), self._positions()))
        self.model.load_state_dict(told[0])
        self.optimiser.load_state_dict(told[1])
        for name, generator in self._generators.items():
            generator.state.assign_(told[2][name])

    def _program(self, function: Cost) -> Callable[..., Any]:
        """(share of the batch, *shard) -> its cost and gradients, weighted by the share, and outputs."""
        if function is not self._function:
            self._function = function

            def run(share: float, *shard: Tensor) -> Any:
                found = function(*shard)
                cost, *outputs = found if isinstance(found, tuple) else (found,)
                if not isinstance(cost, Tensor) or cost.ndim:
                    given = f"a Tensor {cost.shape}" if isinstance(cost, Tensor) else type(cost).__name__
                    raise ShapeError(
                        "DataParallel.step: the function gives the mean cost, a Tensor without axes, not "
                        f"{given}"
                    )
                self.optimiser.zero_grad()
                cost = cost * share
                cost.backward()
                gradients = [self._gradient(i, p) for i, p in enumerate(self._parameters)]
                self.optimiser.zero_grad()
                return cost.detach(), gradients, [x.detach() for x in outputs]

            self._run = jit(run) if self._compiled else run
        return self._run

    def _gradient(self, place: int, parameter: Tensor) -> Tensor:
        if parameter.grad is None:
            names = {id(p): name for name, p in self.model.named_parameters()}
            name = names.get(id(parameter), f"number {place}")
            raise GraphError(
                f"DataParallel: the cost does not depend on parameter {name}; freeze it before by "
                "requires_grad_(False)"
            )
        return parameter.grad

    def _positions(self) -> dict[str, Array]:
        return {name: np.array(g.state.numpy()) for name, g in self._generators.items()}

    def _place(self, before: Mapping[str, Array], shard: int) -> dict[str, Array]:
        """Let the modules draw what is this shard's; gives where they begin."""
        steps = np.array([0, shard * _SPAN], np.uint64)
        placed = {name: state + steps for name, state in before.items()}
        for name, state in placed.items():
            self._generators[name].state.assign_(state)
        return placed

    def _refuse_changed(self, buffers: Mapping[str, Array]) -> None:
        for name, x in self.model.named_buffers():
            if x.array is not buffers[name]:
                raise GraphError(
                    f"DataParallel: the model changes its buffer {name} as it trains, and would do so for "
                    "each shard; use a layer without, such as LayerNorm or GroupNorm instead of BatchNorm"
                )

    def _row(self, sums: list[Array]) -> Array:
        """The gradients, the cost and the wish to stop, one after another."""
        return np.concatenate([np.ravel(x) for x in sums], dtype=self._kind)

    def _summed(self, rows: Array, nodes: Sequence[Sequence[Node]], tree: Node) -> Array:
        """The sum over a tree of which each rank has some nodes, a row each.

        Each rank adds some columns of all rows, and all are given what the others have added: so it receives
        about two rows, however many ranks there are.
        """
        width, size = rows.shape[1], self.ranks.size
        cuts = [width * rank // size for rank in range(size + 1)]
        columns = self.ranks.exchanged(rows, [len(its) for its in nodes], cuts)
        known = {node: [x] for node, x in zip((n for its in nodes for n in its), columns, strict=True)}
        (sums,) = total(tree, known.get)
        return self.ranks.gathered(sums, [b - a for a, b in pairwise(cuts)])

    def _put(self, row: Array) -> None:
        end = 0
        for p in self._parameters:
            begin, end = end, end + p.numel()
            p.grad = wrap(row[begin:end].reshape(p.shape).astype(p.dtype, copy=False))
