"""A program as loops: a value gets a place, filled by a section of its own, or joins the nests that use it.

Places have: what reductions and routines give, what routines take, what is expensive and used twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from ..kinds import Contract, Gather, Images, Lanes, Matrices, Part, Reduce, Repeat, Scan, View
from ..primitive import Shape
from .elements import Nest
from .listing import Source
from .lists import Lists, accumulate as accumulate_listed, product as listed_product
from .loops import Load, Loops, Place, Role, Store, loads
from .nesting import COPY, Nesting
from .products import accumulate, as_it_is, images, inputs_by_columns, product, unturned
from .program import Program
from .reducing import lanes, reduce, scan, scatter
from .repeating import Repeated
from .summing import add_product, summed
from .trace import Instruction, Symbol
from .updating import Update, accumulated


def lower(
    program: Program,
    listed: Mapping[Symbol, Source] = MappingProxyType({}),
    kept: Collection[Symbol] = frozenset(),
) -> Loops:
    """The loops of a program; the zeros of `listed` inputs are skipped, some by lists that are `kept`."""
    to = Nesting(program)
    lists = Lists(to, listed, kept)
    to.inputs = inputs_by_columns(program, to.producers) - listed.keys()
    onto = accumulated(program, to.producers, to.uses, lists.input)
    arguments = [_given(to, x, "argument") for x in program.arguments]
    captured = [_given(to, x, "captured") for x in program.captured]
    for x in program.captured:
        if x.ndim == 0:
            array = to.places[x]
            to.places[x] = Place(f"{x.name}_now", (), x.dtype, "scalar")
            to.add(f"{x.name}, its present value", [Store(to.places[x], (), Load(array))], everyone=True)
    outputs: list[Place] = []
    for instruction in program.instructions:
        if instruction.origin[0] != "forward" and not outputs:
            outputs = _outputs(to)
        to.origin = instruction.origin
        if instruction.result in onto:  # what the update is going to take is made here
            left, right = instruction.args
            if lists.input(left) is None:
                unturned(to, left)
            as_it_is(to, right)
        else:
            _lower(to, lists, instruction)
        to.lowered.add(instruction.result)
    outputs = outputs or _outputs(to)
    _update(to, lists, dict(zip(program.captured, captured, strict=True)), onto)
    return Loops(
        tuple(arguments),
        (*captured, *lists.places),
        tuple(outputs),
        tuple(to.buffers),
        tuple(to.aliases),
        tuple(to.sections),
    )


def _given(to: Nesting, x: Symbol, role: Role) -> Place:
    to.places[x] = Place(x.name, x.shape, x.dtype, role)
    return to.places[x]


def _outputs(to: Nesting) -> list[Place]:
    """Store the results, if all that they need has been lowered."""
    outputs: list[Place] = []
    program = to.program
    if any(needed not in to.lowered for needed in program.outputs if needed in to.producers):
        return outputs
    for k, x in enumerate(program.outputs):
        name = "result" if len(program.outputs) == 1 else f"result_{k}"
        outputs.append(Place(name, x.shape, x.dtype, "output"))
        to.comes_from(x)
        to.store(x, outputs[-1])
    return outputs


def _lower(to: Nesting, lists: Lists, instruction: Instruction) -> None:
    """Give an instruction's result a place now, or leave it to the nests that use it."""
    if lists.input(instruction.result) is not None:
        return  # its numbers are nowhere but in lists
    match instruction.primitive.kind:
        case Contract(split=Matrices() as form) if lists.input(instruction.args[0]) is not None:
            listed_product(lists, form, instruction)
        case Contract(split=Matrices() as form) as kind:
            product(to, kind, form, instruction)
        case Contract(split=Images() as split) as kind:
            images(to, kind, split, instruction)
        case Contract(split=Lanes() as split) as kind:
            lanes(to, kind, split, instruction)
        case Reduce() as kind:
            reduce(to, kind, instruction)
        case Scan() as kind:
            scan(to, kind, instruction)
        case Gather(add=True):
            scatter(to, instruction)
        case Repeat() as kind:
            _repeat(to, kind, instruction)
        case Part():
            pass  # has a place since the loop was lowered
        case View(in_order=True) if instruction.args[0] in to.places:
            to.same_memory(instruction)
        case _ if to.deserves_place(instruction.result):
            to.fill(instruction.result)


def _repeat(to: Nesting, kind: Repeat, instruction: Instruction) -> None:
    """A loop: the sections of its step in each round."""
    loop = Repeated(to, kind, instruction)
    inside = loop.inside
    lists = Lists(inside, {})
    loop.stop({})
    sums = summed(loop.program, inside.producers)
    for step in loop.program.instructions:
        inside.origin = step.origin
        if step.result in sums:
            add_product(inside, step, loop.states[sums[step.result]])
        else:
            _lower(inside, lists, step)
        inside.lowered.add(step.result)
        loop.stop(inside.lowered)
    loop.keep()
    _update(inside, lists, loop.states, {}, {*sums.values()})
    if kind.body.test is not None:
        after = loop.test_again()
        lists = Lists(after, {})
        for step in after.program.instructions:
            _lower(after, lists, step)
        loop.refuse_more(after)
    loop.add()


def _update(
    to: Nesting,
    lists: Lists,
    targets: dict[Symbol, Place],
    products: dict[Symbol, Update],
    done: Collection[Symbol] = (),
) -> None:
    """Write the new values, after everything that reads the old ones has been computed."""
    onto = {*done, *(update.target for update in products.values())}
    alone: list[tuple[Place, Symbol]] = []
    together: dict[Shape, list[tuple[Place, Symbol]]] = {}
    for target, value in to.program.updates:
        if target not in onto:
            flat = value.ndim > 0 and to.elements(flat=True).is_flat(value, value.shape)
            pairs = together.setdefault(value.shape, []) if flat else alone
            pairs.append((targets[target], value))
    updated = {targets[target] for target, _ in to.program.updates}
    for place, value in alone:
        _keep_apart(to, value, False, updated, {place})
    for pairs in together.values():
        for _, value in pairs:
            _keep_apart(to, value, True, updated, {place for place, _ in pairs})
    for update in products.values():
        to.places[update.target] = targets[update.target]
        to.comes_from(dict(to.program.updates)[update.target])
        if lists.input(update.left) is None:
            accumulate(to, update)
        else:
            accumulate_listed(lists, update)
    for pairs in together.values():
        to.comes_from(pairs[0][1])
        to.store_together(pairs)
    for place, value in alone:
        to.comes_from(value)
        to.store(value, place)


def _keep_apart(to: Nesting, x: Symbol, flat: bool, updated: set[Place], own: set[Place]) -> None:
    """Compute a new value now if it reads what will have changed by then, besides those it replaces."""
    nest = Nest(1 if flat else x.ndim)
    value = to.elements(flat).at(x, nest.index, nest)
    body = [s for statements in nest.body for s in statements]
    result = Place("", x.shape, x.dtype)
    for load in loads([*body, Store(result, nest.index, value)]):
        home, index = load.place, load.index
        while home.home is not None:
            home = home.home
            index = index if load.place.flat else ()
        if home in updated and (home not in own or index != nest.index):
            _copy(to, x)
            return


def _copy(to: Nesting, x: Symbol) -> None:
    if x in to.places:  # somebody else's place, about to be updated
        copy = Symbol(f"{x.name}_before", x.shape, x.dtype)
        to.producers[copy] = Instruction(COPY, (x,), copy)
        place = to.new(copy)
        to.store(copy, place)
        to.places[x] = place
    else:
        to.fill(x)
