"""A tape: what one run of a module did, operation by operation, and which modules did it.

Operations are those that torch dispatches (`aten`), below autograd. Every tensor that one gives is a `Value` of its
`Operation`; an argument that is no value of another operation is a constant: a parameter or a buffer. Where something
is written in place, the tensors that share the storage change as well: the tape says so by operations of its own
(`as_strided`, `as_strided_scatter`), so that every operation on it is a function of its arguments.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from unembed.models.hooks import around, on_call
from unembed.models.inference.words import words
from unembed.models.reprs import Brief

_MAKES = words("zeros_like ones_like empty_like full_like new_zeros new_ones new_empty new_full")
"""Operations that take only sizes and dtype from what they are given."""
_NARROW = (torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True, eq=False, repr=False)
class Value(Brief):
    """A tensor that an operation gave."""

    operation: "Operation"
    index: int
    """Which of its outputs."""

    @property
    def tensor(self) -> Tensor:
        """Its number, as it was when the operation ended."""
        return self.operation.outputs[self.index]

    @property
    def depends(self) -> bool:
        """Whether it depends on the tokens, and is no whole number."""
        return self.operation.depends and self.tensor.is_floating_point()


@dataclass(eq=False, repr=False)
class Operation(Brief):
    """One step of a run."""

    place: int
    """Its place in the run."""
    name: str
    function: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: list[Any]
    modules: tuple[str, ...]
    """The paths of the modules that were running, outermost first."""
    depends: bool
    """Whether what it gives depends on the tokens."""

    @property
    def values(self) -> list[Value]:
        """The values that it read, of any kind."""
        return [x for x in tree_flatten((self.args, self.kwargs))[0] if isinstance(x, Value)]

    @property
    def reads(self) -> list[Value]:
        """The values that it read and that depend on the tokens."""
        return [x for x in self.values if x.depends]

    @property
    def module(self) -> str:
        """The path of the innermost module that was running."""
        return self.modules[-1] if self.modules else ""


@dataclass(repr=False)
class _Storage:
    """Memory that several tensors share, once something was written to it in place."""

    version: int = 0
    whole: Value | None = None
    """All of it as one row of numbers, after the last write."""


@dataclass(repr=False)
class _Known:
    """A tensor of the run."""

    tensor: Tensor
    """Kept, so that its memory and identity are not given to another."""
    value: Value
    version: int


@dataclass(frozen=True, repr=False)
class Tape(Brief):
    """What one run did."""

    operations: tuple[Operation, ...]
    logits: Value
    lists: frozenset[str]
    """The paths of the module's lists of modules."""
    bare: frozenset[str] = frozenset()
    """The paths of the module's parts that have no parameters."""

    def entry(self, operation: Operation, of: str) -> int | None:
        """Which entry of a list of modules ran an operation, or None."""
        for path in operation.modules:
            parent, _, index = path.rpartition(".")
            if parent == of and index.isdigit():
                return int(index)
        return None


def taped(module: Any, inputs: Mapping[str, Any]) -> Tape:
    """Run a module once, in float64 where it is in float64, and keep every operation."""
    recorder = _Recorder()
    names = {part: name for name, part in module.named_modules()}
    with ExitStack() as stack:
        for part, name in names.items():
            around(stack, part, partial(recorder.modules.append, name), recorder.leave)
        for x in inputs.values():
            if isinstance(x, Tensor):
                recorder.add("input", None, (), {}, [x], depends=True)
        stack.enter_context(torch.no_grad())
        stack.enter_context(recorder)
        logits = module(**inputs).logits
    lists = frozenset(name for name, part in module.named_modules() if isinstance(part, nn.ModuleList))
    bare = frozenset(name for part, name in names.items() if next(part.parameters(), None) is None)
    return Tape(tuple(recorder.operations), recorder.value_of(logits), lists, bare)


def taped_part(
    part: nn.Module, matrix: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], stream: Tensor, *, widen: bool
) -> tuple[list[Operation], Value | None]:
    """Call a part of a module once and keep every operation; and what its own part `matrix` read, at last.

    Args:
        part: to call with `args` and `kwargs`.
        matrix: one of its parts.
        args: see `part`, like `kwargs`.
        kwargs: keyword arguments.
        stream: which of these depends on the tokens.
        widen: as `taped` does: whether steps in less than float64 are taken in float64.
    """
    recorder, read = _Recorder(widen=widen), []
    recorder.add("input", None, (), {}, [stream], depends=True)
    with ExitStack() as stack:
        on_call(stack, matrix, lambda given, _: read.append(recorder.value_of(given[0])))
        stack.enter_context(recorder)
        part(*args, **kwargs)
    return recorder.operations, read[-1] if read and isinstance(read[-1], Value) else None


class _Recorder(TorchDispatchMode):
    """Keeps what torch dispatches."""

    def __init__(self, *, widen: bool = True) -> None:
        super().__init__()
        self.widen = widen
        self.operations: list[Operation] = []
        self.modules: list[str] = []
        self._known: dict[int, _Known] = {}
        self._storages: dict[int, _Storage] = {}
        self._sharing: dict[int, list[Value]] = {}

    def leave(self) -> None:
        """A module has ended."""
        self.modules.pop()

    def add(
        self, name: str, function: Any, args: Any, kwargs: Any, outputs: list[Any], *, depends: bool | None = None
    ) -> Operation:
        """Put one more operation on the tape."""
        operation = Operation(len(self.operations), name, function, args, kwargs, outputs, tuple(self.modules), False)
        operation.depends = _depends(operation) if depends is None else depends
        self.operations.append(operation)
        for index, x in enumerate(outputs):
            if isinstance(x, Tensor):
                self._know(x, Value(operation, index))
        return operation

    def _know(self, x: Tensor, value: Value) -> None:
        address = _address(x)
        self._known[id(x)] = _Known(x, value, self._storage(address).version)
        self._sharing.setdefault(address, []).append(value)

    def _storage(self, address: int) -> _Storage:
        return self._storages.setdefault(address, _Storage())

    def value_of(self, x: Tensor) -> Any:
        """The value that a tensor is now; the tensor itself, where it is a constant."""
        known = self._known.get(id(x))
        if known is None:
            return x
        storage = self._storage(_address(x))
        if known.version != storage.version:  # what shares its memory was written to
            assert storage.whole is not None
            args = (storage.whole, *_place_of(x))
            found = self.add("as_strided", torch.as_strided, args, {}, [x.clone()])
            self._known[id(x)] = _Known(x, Value(found, 0), storage.version)
        return self._known[id(x)].value

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        # A step that is taken in less than float64 would not sum to 1e-9.
        if self.widen and kwargs.get("dtype") in _NARROW:
            kwargs["dtype"] = torch.float64
        name = func._schema.name.split("::")[1]
        read = tree_map(lambda x: self.value_of(x) if isinstance(x, Tensor) else x, (tuple(args), kwargs))
        written = args[0] if func._schema.is_mutable and args and isinstance(args[0], Tensor) else None
        if written is not None and isinstance(read[0][0], Tensor):  # a constant, which is about to change
            read = ((written.clone(), *read[0][1:]), read[1])
        whole = None if written is None else self._before_write(written)
        out = func(*args, **kwargs)
        if written is not None and whole is not None:
            self._written(name, func, read, written, whole)
            return out
        outputs = list(out) if isinstance(out, tuple | list) else [out]
        if any(isinstance(x, Tensor) for x in outputs):
            self.add(name, func, read[0], read[1], outputs)
        return out

    def _before_write(self, x: Tensor) -> Value:
        """The memory of a tensor as one row of numbers; values that live there keep theirs."""
        address = _address(x)
        storage = self._storage(address)
        for value in self._sharing.pop(address, []):
            value.operation.outputs[value.index] = value.tensor.clone()
        if storage.whole is None or storage.version == 0:
            row = _whole(x)
            covering = next(self._covering(address, row), None)
            # Where nothing fills it, the walk will not know what the rest of it was, and stops.
            name, value = ("hidden", self.value_of(x)) if covering is None else ("flatten", covering.value)
            storage.whole = Value(self.add(name, torch.flatten, (value,), {}, [row.clone()]), 0)
        return storage.whole

    def _covering(self, address: int, row: Tensor) -> Iterator[_Known]:
        """Tensors that fill a piece of memory in its order."""
        for known in list(self._known.values()):
            x = known.tensor
            if _address(x) == address and x.is_contiguous() and x.numel() == row.numel():
                yield known

    def _written(self, name: str, func: Any, read: Any, x: Tensor, whole: Value) -> None:
        storage = self._storage(_address(x))
        made = self.add(name, func, read[0], read[1], [x.clone()])
        args = (whole, Value(made, 0), *_place_of(x))
        after = self.add("as_strided_scatter", _scattered, args, {}, [_whole(x).clone()])
        storage.version, storage.whole = storage.version + 1, Value(after, 0)
        self._known[id(x)] = _Known(x, Value(made, 0), storage.version)


def _depends(operation: Operation) -> bool:
    return operation.name not in _MAKES and any(x.operation.depends for x in operation.values)


def _place_of(x: Tensor) -> tuple[Any, ...]:
    """Where in its memory a tensor lies."""
    return x.size(), x.stride(), x.storage_offset()


def _scattered(whole: Tensor, x: Tensor, size: Any, stride: Any, offset: int) -> Tensor:
    """As `torch.as_strided_scatter`, whose slope by `whole` is wrong in torch 2.13.0."""
    places = torch.arange(len(whole), device=whole.device).as_strided(size, stride, offset)
    return whole.index_copy(0, places.flatten(), x.flatten())


def _whole(x: Tensor) -> Tensor:
    """The memory of a tensor, as one row of numbers."""
    storage = x.untyped_storage()
    return x.as_strided((storage.nbytes() // x.element_size(),), (1,), 0)


def _address(x: Tensor) -> int:
    return x.untyped_storage()._cdata
