"""The module: a function with parameters, buffers, and modules inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from ..core.gradients import zeroed
from ..core.hints import NotThere
from ..core.tensor import Tensor
from .hooks import Handle, Hooks
from .inputs import with_bytes_scaled
from .members import Members, check_name
from .moving import converted, destination
from .parameter import Buffer, Parameter
from .printing import described, html_table, table
from .state import EXTRA, Loaded, load

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")


class Module:
    """Base of everything with parameters: subclass it, call `super().__init__()`, define `forward`.

    What is assigned to an attribute is found again by its kind: a `Parameter` is a parameter, a
    Module is a child; a buffer (state that is saved but not trained) is made by `register_buffer`.
    Names inside children are joined with dots: `hidden.0.weight`. Lists, tuples and dicts are not
    looked into: `ModuleList`, `ModuleDict` and `ParameterList` are for that.

    Attributes:
        training: whether layers such as Dropout behave as in training; set by `train`, `eval`.
        input_scale: factor on inputs that are bytes (uint8), which the module was trained with; set by
            `train.fit`. None: they are taken as they are. Inputs of other dtypes are never scaled.
    """

    training: bool = True
    input_scale: float | None = None
    _hooks: Hooks | None = None
    _members: Members | None = None

    def __init__(self) -> None:
        vars(self)["_members"] = Members()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` and the hooks if there are any, of bytes times `input_scale` if there is one."""
        if self.input_scale is not None:
            args = with_bytes_scaled(args, self.input_scale)
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except AttributeError as error:
            if args and isinstance(args[0], list | tuple) and error.obj is args[0]:
                raise TypeError(
                    f"{type(self).__name__}: the input is a {type(args[0]).__name__}; make it a Tensor "
                    "first: tg.tensor(...)"
                ) from None
            raise

    # What belongs to it -----------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        members = self._members
        if isinstance(value, Parameter | Module | Buffer):
            if members is None:
                what = "module" if isinstance(value, Module) else type(value).__name__.lower()
                raise AttributeError(
                    f"cannot assign {what} before Module.__init__() call: {type(self).__name__}.__init__ "
                    f"must "
                    "begin with super().__init__()"
                )
            members.note(name, value)
        elif members is not None:
            members.check_replaced(name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        if self._members is not None:
            self._members.forget(name)

    def __getattr__(self, name: str) -> Any:  # only for what is not there
        raise NotThere(name=name, obj=self)

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name.isidentifier()]

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter; None keeps its place, so that one may be assigned later."""
        self._register(name, param, Parameter, "parameter")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer: state that is no parameter. If not `persistent`, it is not in `state_dict`."""
        self._register(name, tensor, Tensor, "buffer", persistent)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child."""
        self._register(name, module, Module, "module")

    add_module = register_module

    def _register(self, name: str, value: Any, kind: type, what: str, persistent: bool = True) -> None:
        members = self._members
        if members is None:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        check_name(self, members, name, value, kind, what)
        members.add(name, what, persistent)
        vars(self)[name] = value

    def _named(self, what: str) -> dict[str, Any]:
        """The members of one kind by their names here, those that are None too."""
        values = vars(self)
        return {} if self._members is None else {name: values[name] for name in self._members.of(what)}

    @property
    def _parameters(self) -> Mapping[str, Parameter | None]:
        return MappingProxyType(self._named("parameter"))

    @property
    def _buffers(self) -> Mapping[str, Tensor | None]:
        return MappingProxyType(self._named("buffer"))

    @property
    def _modules(self) -> Mapping[str, Module | None]:
        return MappingProxyType(self._named("module"))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, each once, with their names."""
        return _each_once((name, x) for name, x in self._named("module").items() if x is not None)

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (x for _, x in self.named_children())

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module (named "") and all those inside it, outer before inner, each once."""
        seen = set() if memo is None else memo
        if remove_duplicate and self in seen:
            return
        seen.add(self)
        yield prefix, self
        for name, child in self._named("module").items():
            if child is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(seen, inner, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all those inside it."""
        return (x for _, x in self.named_modules(remove_duplicate=remove_duplicate))

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their names; one that is used in two places comes once."""
        return self._state_of("parameter", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once, in the order of `named_parameters`."""
        return (x for _, x in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their names."""
        return self._state_of("buffer", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (x for _, x in self.named_buffers(recurse=recurse))

    def _state_of(self, what: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        owners = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else [(prefix, self)]
        found = (
            (f"{owner}.{name}" if owner else name, x)
            for owner, module in owners
            for name, x in module._named(what).items()
            if x is not None
        )
        return _each_once(found) if once else found

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name ("" for this one); AttributeError if there is none."""
        module: Any = self
        for name in target.split(".") if target else ():
            if not isinstance(vars(module).get(name), Module):
                raise AttributeError(f"{type(module).__name__} has no module `{name}` (of {target!r})")
            module = vars(module)[name]
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place of a dotted name, with `strict` only where there is one.

        Raises ValueError for no name or no module, AttributeError where there is no such place.
        """
        owner, _, name = target.rpartition(".")
        if not name or not isinstance(module, Module):
            raise ValueError(f"set_submodule: needs a name and a Module, not {target!r} and {module!r:.80}")
        parent = self.get_submodule(owner)
        if strict:
            parent.get_submodule(name)
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted name; AttributeError if there is none."""
        return self._get(target, "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of a dotted name; AttributeError if there is none."""
        return self._get(target, "buffer")

    def _get(self, target: str, what: str) -> Any:
        owner, _, name = target.rpartition(".")
        module = self.get_submodule(owner)
        found = module._named(what).get(name)
        if found is None:
            raise AttributeError(f"{type(module).__name__} has no {what} `{name}` (of {target!r})")
        return found

    # Printing ---------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What is shown between the parentheses: a layer's arguments. For subclasses to define."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return described(self._get_name(), self.extra_repr(), self._named("module"))

    def _repr_html_(self) -> str:
        """What a notebook shows: the table."""
        return html_table(self._layers())

    def table(self) -> str:
        """A line for each layer with the shapes of its parameters and buffers, and their count."""
        return table(self._layers())

    def _layers(self) -> list[tuple[str, str, dict[str, Tensor]]]:
        rows = []
        for name, module in self.named_modules():
            own = {**module._named("parameter"), **module._named("buffer")}
            own = {key: x for key, x in own.items() if x is not None}
            if own or not module._named("module"):
                rows.append((name, type(module).__name__, own))
        return rows

    # Saving and loading -----------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by name, detached; names and shapes are PyTorch's.

        They are values: training goes on without changing them. With `keep_vars` they are the
        parameters themselves. As in PyTorch no random numbers are among them: save the Generators
        (`generator.state`, or `tg.get_rng_state()`) beside, to go on with dropout bit for bit.
        """
        found: dict[str, Any] = {} if destination is None else destination
        if self._members is not None:
            for name in (*self._members.of("parameter"), *self._members.of("buffer")):
                x = vars(self)[name]
                if x is not None and name not in self._members.transient:
                    found[prefix + name] = x if keep_vars else x.detach().clone()
        if type(self).get_extra_state is not Module.get_extra_state:
            found[prefix + EXTRA] = self.get_extra_state()
        for name, child in self._named("module").items():
            if child is not None:
                child.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return found

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Loaded:
        """Put numbers in all parameters and persistent buffers, cast to their dtypes.

        Args:
            state_dict: by the names of `state_dict`: Tensors, arrays, whatever `np.asarray` takes.
            strict: whether names that are missing here or there are an error.
            assign: take the dtypes of `state_dict`, too.

        Returns:
            The names that are missing in `state_dict`, and those that are not known here.

        Raises StateError, naming every entry that does not fit; then nothing has been changed.
        """
        mine = self.state_dict(keep_vars=True)
        owners = ((f"{name}.{EXTRA}" if name else EXTRA, m) for name, m in self.named_modules())
        others = {key: m.set_extra_state for key, m in owners if mine.pop(key, self) is not self}
        return load(mine, state_dict, type(self).__name__, strict, assign, others)

    def get_extra_state(self) -> Any:
        """What a subclass wants in `state_dict` besides numbers; `set_extra_state` is given it back."""
        raise RuntimeError(
            f"{type(self).__name__} has no extra state: define get_extra_state, set_extra_state"
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__} has extra state and no set_extra_state to take it back")

    # Modes, dtypes, gradients -----------------------------------------------------------------

    def train(self: Self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside; returns self."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Behave as in use, not as in training: `train(False)`; returns self."""
        return self.train(False)

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with every module inside, inner before outer, and with this one; returns self."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Say of all parameters whether they get gradients; returns self."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them zero."""
        for p in self.parameters():
            p.grad = zeroed(p, set_to_none)

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Compute in another dtype: `to(tg.float64)`, `to(tensor)`; the device is "cpu". Returns self."""
        dtype = destination(*args, **kwargs)
        if dtype is not None:
            for x in (*self.parameters(), *self.buffers()):
                converted(x, dtype)
        return self

    def type(self: Self, dst_type: Any) -> Self:
        """As `to(dtype)`."""
        return self.to(dst_type)

    def float(self: Self) -> Self:
        """Compute in float32; returns self."""
        return self.to("float32")

    def double(self: Self) -> Self:
        """Compute in float64; returns self."""
        return self.to("float64")

    def half(self: Self) -> Self:
        """DTypeError: there is no float16."""
        return self.to("float16")

    def cpu(self: Self) -> Self:
        """Self: the CPU is the only device."""
        return self

    def cuda(self: Self, device: Any = None) -> Self:
        """An error: the CPU is the only device."""
        return self.to("cuda")

    # Hooks ------------------------------------------------------------------------------------

    def _hooked(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks(self)
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Before each call, `hook(module, args)`; what it gives, if anything, are the new arguments."""
        return self._hooked().add("before", hook, prepend, kwargs=with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Handle:
        """After each call, `hook(module, args, output)`; what it gives, if anything, is the new output."""
        return self._hooked().add("after", hook, prepend, kwargs=with_kwargs, always=always_call)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Before gradients pass through, `hook(module, grad_output)`; it may give others."""
        return self._hooked().add("pull_before", hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """When gradients have passed through, `hook(module, grad_input, grad_output)`; it may give others."""
        return self._hooked().add("pull_after", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def trace(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run the module, and give what it and each module inside computed on the way.

        Returns:
            Results by the names of `named_modules`, in the order in which they were finished, so
            that the module's own, named "", comes last. A module that ran more than once has all
            its results, named `name`, `name#2`, ... They are on the tape as in an ordinary call.
        """
        results: dict[str, Any] = {}

        def noting(name: str) -> Callable[..., None]:
            def note(module: Module, args: Any, output: Any) -> None:
                key, again = name, 1
                while key in results:
                    again += 1
                    key = f"{name}#{again}"
                results[key] = output

            return note

        handles = [module.register_forward_hook(noting(name)) for name, module in self.named_modules()]
        try:
            self(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        return results


_T = TypeVar("_T")


def _each_once(named: Iterable[tuple[str, _T]]) -> Iterator[tuple[str, _T]]:
    seen: set[int] = set()
    for name, x in named:
        if id(x) not in seen:
            seen.add(id(x))
            yield name, x
