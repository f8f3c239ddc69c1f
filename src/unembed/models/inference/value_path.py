"""ValuePath: what a mixer that is no softmax attention (Mamba, gated DeltaNet, convolutions) takes from each token.

With its gates, decays, keys, queries and norm scales frozen as they were in the run, what such a mixer hands to its
output matrix is linear in values `v`, one row of channels a source position:

    z[t, c] = sum_s M[t, c, s] v[s, c]        M[t, c, s] = 0 for s > t

The path from values to `z` is found on a tape of the mixer's own operations, without names: it goes through what is
affine, and through products of which one factor is on it; it ends at learned matrices and at non-linearities. Values
are the first tensor of the run from which such a path leads to all of `z`, from other positions too, and to each
channel from one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from unembed.models.inference.identities import AFFINE, MATRICES, NORMS, PRODUCTS, base
from unembed.models.inference.tape import Operation, Value, taped_part
from unembed.models.reprs import Brief

_CLOSES, _UNITS = 1e-3, 16
"""What the test of a path may leave, relative to its terms, and that in units of the run's precision where these are
coarser: rounding leaves less, a wrong path about 1."""
_STREAM = "hidden_states"


@dataclass(frozen=True)
class _At:
    """A tensor on the path: an output of an operation."""

    place: int
    index: int


@dataclass(frozen=True, eq=False)
class _Step:
    """An operation on the path; what it reads beside the path are the numbers of the run."""

    place: int
    run: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class ValuePath(Brief):
    """How what a mixer hands to its output matrix is made of values."""

    values: Tensor
    axis: int
    """Of `values`: positions."""
    start: _At
    end: _At
    steps: tuple[_Step, ...] = field(repr=False)
    heads: int = 1
    """Groups of channels that are mixed by the same weights, up to gates and norm scales; 1 where each channel is mixed
    by weights of its own."""

    @cached_property
    def _graph(self) -> tuple[Tensor, Tensor]:
        """Values, and the `z` that the path makes of them."""
        with torch.inference_mode(False), torch.enable_grad():
            values = self.values.detach().clone().requires_grad_()
            known: dict[_At, Any] = {self.start: values}
            for step in self.steps:
                args, kwargs = tree_map(lambda x: known[x] if isinstance(x, _At) else x, (step.args, dict(step.kwargs)))
                made = step.run(*args, **kwargs)
                for index, x in enumerate(made if isinstance(made, tuple | list) else [made]):
                    known[_At(step.place, index)] = x
            z = known[self.end]
            return values, z.reshape(-1, z.shape[-1])

    @property
    def mixed(self) -> Float[Tensor, "position channel"]:
        """`z`, as the path makes it."""
        return self._graph[1].detach()

    def read(self, folded: Float[Tensor, "channel"], row: int) -> Float[Tensor, "position own"]:
        """What `folded`, a readout of `z` at one position, takes of each value: its slope times the value."""
        values, z = self._graph
        with torch.inference_mode(False), torch.enable_grad():
            (slope,) = torch.autograd.grad(z[row] @ folded.to(z.dtype).clone(), values, retain_graph=True)
        product = slope.double() * values.detach().double()
        return product.movedim(self.axis, 0).reshape(product.shape[self.axis], -1)

    def terms(self, folded: Float[Tensor, "channel"], row: int) -> Float[Tensor, "head position"]:
        """The terms of a readout of `z` at one position by head and source; they sum to `z[row] . folded`."""
        width, channels = self.values.numel() // self.values.shape[self.axis], len(folded)
        if width == channels:
            return self.read(folded, row).unflatten(1, (self.heads, -1)).sum(-1).T
        each = torch.arange(channels, device=folded.device) * self.heads // channels
        return torch.stack([self.read(folded * (each == head), row).sum(-1) for head in range(self.heads)])


def value_path(
    part: nn.Module, matrix: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, widen: bool = False
) -> ValuePath | None:
    """The path in a call of a mixer, which runs once more; None where there is none.

    Args:
        part: the mixer.
        matrix: its part that reads `z`.
        args: what it is called with, like `kwargs`: the stream first.
        kwargs: its keyword arguments.
        widen: whether its steps in less than float64 are taken in float64.
    """
    with torch.inference_mode(False), torch.no_grad():
        args, kwargs = tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, (args, dict(kwargs)))
        stream = args[0] if args else kwargs[_STREAM]
        operations, end = taped_part(part, matrix, args, kwargs, stream, widen=widen)
    if end is None:
        return None
    return next(_paths(operations, end, stream.shape[-2]), None)


def _paths(operations: Sequence[Operation], end: Value, length: int) -> Iterator[ValuePath]:
    reads = [operation.values for operation in operations]
    leading = _leading_to(end, reads)
    for operation in (operations[place] for place in leading[:-1]):
        for index, x in enumerate(operation.outputs):
            value = Value(operation, index)
            if not isinstance(x, Tensor) or not value.depends or length not in x.shape:
                continue
            steps = _steps([operations[p] for p in leading if p > operation.place], reads, value, end)
            for axis in [i for i, size in enumerate(x.shape) if size == length] if steps else []:
                ends = (_At(operation.place, index), _At(end.operation.place, end.index))
                path = ValuePath(x.detach(), axis, *ends, tuple(steps or ()))
                if _holds(path, end.tensor.detach()):
                    yield replace(path, heads=_heads(path, [operations[p] for p in leading]))


def _leading_to(end: Value, reads: Sequence[Sequence[Value]]) -> list[int]:
    """The places of the operations of which a value is made, in order; its own is the last."""
    queue, found = [end.operation.place], {end.operation.place}
    while queue:
        new = {x.operation.place for x in reads[queue.pop()]} - found
        found |= new
        queue += new
    return sorted(found)


def _steps(
    operations: Sequence[Operation], reads: Sequence[Sequence[Value]], start: Value, end: Value
) -> list[_Step] | None:
    """The operations through which a value goes to `end`; None where it does not, or meets itself in a product."""
    on_path, steps = {(start.operation.place, start.index)}, []
    for operation in operations:
        read = [x for x in reads[operation.place] if (x.operation.place, x.index) in on_path]
        goes = _goes(operation, read) if read else False
        if goes is None:
            return None
        if goes:
            steps.append(operation)
            on_path |= {(operation.place, index) for index in range(len(operation.outputs))}
    reached = (end.operation.place, end.index) in on_path
    return [_step(operation, on_path) for operation in steps] if reached else None


def _goes(operation: Operation, read: Sequence[Value]) -> bool | None:
    """Whether the path goes on through an operation that reads something on it; None where it meets itself."""
    name = base(operation)
    if name in AFFINE:
        return True
    if name in PRODUCTS:
        if name == "div" and all(x is not operation.args[0] for x in read):
            return False
        return True if len(read) == 1 else None
    if name in MATRICES:
        others = [x for x in operation.args[-2:] if not any(x is y for y in read)]
        return None if len(read) > 1 else not any(_learned(x) for x in others)
    if name == "linalg_solve_triangular":  # linear in what is on its right side
        return None if len(read) > 1 else read[0] is operation.args[1]
    if name == "convolution":
        weight, groups = operation.args[1], operation.args[-1]
        return groups == operation.args[0].tensor.shape[1] and _learned(weight) and read[0] is operation.args[0]
    return name == "_fused_rms_norm" and read[0] is operation.args[0]


def _learned(x: Any) -> bool:
    """Whether a matrix is made of parameters alone."""
    if not isinstance(x, Value):
        return isinstance(x, Tensor)
    return not x.operation.depends and any(_learned(y) for y in tree_flatten((x.operation.args,))[0])


def _step(operation: Operation, on_path: set[tuple[int, int]]) -> _Step:
    def given(x: Any) -> Any:
        if not isinstance(x, Value):
            return x.detach() if isinstance(x, Tensor) else x
        key = (x.operation.place, x.index)
        return _At(*key) if key in on_path else x.tensor.detach()

    args, kwargs = tree_map(given, (operation.args, dict(operation.kwargs)))
    run = operation.function
    if base(operation) in NORMS:
        gain, scale = args[2], operation.outputs[1].detach()
        run = lambda x, *_: x * scale if gain is None else x * scale * gain  # noqa: E731
    elif operation.name != base(operation):
        run = _not_in_place(run)
    return _Step(operation.place, run, args, kwargs)


def _not_in_place(run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *args, **kwargs: run(x.clone(), *args, **kwargs)


def _holds(path: ValuePath, z: Tensor) -> bool:
    """Whether all of `z` comes of the values, none of a later one, and each channel of its own one."""
    rows = z.reshape(-1, z.shape[-1])
    if path.mixed.shape != rows.shape:
        return False
    first, last = (path.read(torch.ones_like(row), at) for row, at in ((rows[0], 0), (rows[-1], -1)))
    for found, row in ((first, rows[0]), (last, rows[-1])):
        whole, sizes = float(row.double().sum()), float(found.abs().sum()) + float(row.double().abs().sum())
        if not abs(float(found.sum()) - whole) <= _slack(z) * sizes:
            return False
    if bool(first[1:].any()) or (len(rows) > 1 and not bool(last[:-1].any())):
        return False
    return all(_of_one(path, channel, rows[-1]) for channel in {0, rows.shape[1] // 3, rows.shape[1] - 1})


def _of_one(path: ValuePath, channel: int, z: Tensor) -> bool:
    only = torch.zeros_like(z)
    only[channel] = 1
    found = path.read(only, -1)
    others = int((found != 0).any(0).sum()) - 1
    sizes = float(found.abs().sum() + z[channel].abs())
    return others <= 0 and abs(float(found.sum() - z[channel])) <= _slack(z) * sizes


def _slack(z: Tensor) -> float:
    return max(_CLOSES, _UNITS * torch.finfo(z.dtype).eps)


def _heads(path: ValuePath, operations: Sequence[Operation]) -> int:
    """Into how many heads the channels are split first on the path, so that those of one have the same weights."""
    values, z = path._graph
    channels = z.shape[-1]
    with torch.inference_mode(False), torch.enable_grad():
        (slope,) = torch.autograd.grad(z[-1].sum(), values, retain_graph=True)
    weights = slope.double().movedim(path.axis, 0).reshape(slope.shape[path.axis], -1)
    places = {path.start.place, *(step.place for step in path.steps)}
    shapes = [x.shape for o in operations if o.place in places for x in o.outputs if isinstance(x, Tensor)]
    pairs = dict.fromkeys(pair for shape in shapes for pair in pairwise(shape))
    splits = [heads for heads, width in pairs if heads > 1 and width > 1 and heads * width == channels]
    if weights.shape[1] != channels:  # values of fewer heads, which several read
        return next(iter(splits), 1)
    return next((x for x in splits if _mixes_alike(weights.unflatten(1, (x, -1)), _slack(z))), 1)


def _mixes_alike(weights: Float[Tensor, "position head own"], slack: float) -> bool:
    """Whether the channels of each head have the same weights, times a number of their own."""
    each = weights.permute(1, 0, 2)
    norms = torch.linalg.matrix_norm(each).square()
    largest = torch.linalg.svdvals(each)[:, 0].square()
    return bool((norms - largest <= slack**2 * norms).all())
