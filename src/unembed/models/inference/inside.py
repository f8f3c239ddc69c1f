"""What stands behind a write: attention heads, neurons, or a mixer that is neither.

From the matrix that made the write the search goes back to what entered it: a mix of values by a pattern, or numbers
that each went through a non-linearity of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor

from unembed.models.family import FrozenInHeads
from unembed.models.inference.identities import (
    AFFINE,
    ELEMENTWISE,
    EXACT,
    MATRICES,
    NORMS,
    PRODUCTS,
    base,
    is_norm_scale,
)
from unembed.models.inference.tape import Operation, Value
from unembed.models.reprs import Brief

WriteKind = Literal["heads", "neurons", "mixer"]
_PROBABILITIES = frozenset(("_softmax", "_safe_softmax"))


@dataclass(frozen=True, repr=False)
class Behind(Brief):
    """What made a write."""

    kind: WriteKind
    mix: Operation | None = None
    """The product of pattern and values, of heads."""
    pattern: Value | None = None
    values: Value | None = None
    through: tuple[Operation, ...] = ()
    """Norms and gates that it passed on its way to the matrix."""

    @property
    def frozen(self) -> tuple[FrozenInHeads, ...]:
        """What each of these is, told by its numbers."""
        return tuple(dict.fromkeys(_frozen(x, self.pattern) for x in self.through))


Inside = Callable[[Operation], bool]
"""Whether an operation belongs to the block, and not to its stream."""


def behind(matrix: Operation, inside: Inside) -> Behind:
    """What entered the matrix of a write."""
    if base(matrix) not in MATRICES:
        return Behind("mixer")
    through: list[Operation] = []
    for operation in _back(matrix.reads, inside, partial(_towards_mix, inside)):
        name, several = base(operation), len(operation.reads) > 1
        if mixed := _mix_of(operation):
            return Behind("heads", operation, *mixed, tuple(through))
        gates = name in PRODUCTS and several
        if name in ELEMENTWISE or (gates and not any(_leads_to_mix(x, inside) for x in operation.reads)):
            return Behind("neurons")
        if gates or name in NORMS:
            through.append(operation)
        elif name not in AFFINE | PRODUCTS | MATRICES:
            # What is made of a matrix alone, beside a non-linearity (xIELU), is one number too.
            return Behind("mixer")
    return Behind("mixer")


def _back(
    start: Sequence[Value], inside: Inside, onward: Callable[[Operation], Sequence[Value]]
) -> Iterator[Operation]:
    """The operations that values come of, as far as they are inside and `onward` goes on from each."""
    queue, seen = list(start), set()
    while queue:
        x = queue.pop()
        if x.operation.place not in seen and x.depends and inside(x.operation):
            seen.add(x.operation.place)
            yield x.operation
            queue += onward(x.operation)


def _towards_mix(inside: Inside, operation: Operation) -> Sequence[Value]:
    """Without a matrix, and of a product only through what leads to a mix of values, where something does."""
    if base(operation) in PRODUCTS:
        return [x for x in operation.reads if _leads_to_mix(x, inside)] or operation.reads
    return operation.reads if base(operation) in AFFINE | NORMS else ()


def _mix_of(operation: Operation) -> tuple[Value, Value] | None:
    """Pattern and values, of a product that mixes values by probabilities."""
    if base(operation) not in ("bmm", "baddbmm"):
        return None
    factors = [x for x in operation.args[-2:] if isinstance(x, Value)]
    found = [_is_pattern(x) for x in factors]
    if len(factors) != 2 or sum(found) != 1:
        return None
    return (factors[0], factors[1]) if found[0] else (factors[1], factors[0])


def _is_pattern(value: Value) -> bool:
    """Whether a tensor holds attention probabilities: a softmax, reshaped, masked or scaled."""
    x: Value | None = value
    while x is not None:
        name = base(x.operation)
        if name in _PROBABILITIES:
            return True
        first = next(iter(x.operation.reads), None)
        x = first if name in AFFINE or (name in PRODUCTS and len(x.operation.reads) == 1) else None
    return False


def _frozen(operation: Operation, pattern: Value | None) -> FrozenInHeads:
    if base(operation) in NORMS:
        return "norm scale"
    x, factor = (value.tensor for value in operation.reads)
    if base(operation) == "mul" and x.numel() < factor.numel():
        x, factor = factor, x
    factor = factor if base(operation) == "mul" else 1 / factor
    if factor.numel() < x.numel() and is_norm_scale(x, factor):
        return "norm scale"
    return "sink" if pattern is not None and _is_sink(factor, softmax_of(pattern).reads[0].tensor) else "gate"


def _is_sink(factor: Tensor, scores: Tensor) -> bool:
    """Whether a factor leaves of each row of a pattern what one more constant score of a head would leave of it."""
    rows = scores.logsumexp(-1)
    if factor.shape != (*rows.shape, 1):
        return False
    weight = (1 / factor[..., 0] - 1) * rows.exp()  # of that score, the same for every query
    off = (weight - weight[..., :1]).abs()
    return bool((weight > 0).all() and (off <= EXACT * weight.abs()).all())


def softmax_of(pattern: Value) -> Operation:
    """The softmax that a pattern comes of."""
    x = pattern.operation
    while base(x) not in _PROBABILITIES:
        x = x.reads[0].operation
    return x


def _leads_to_mix(value: Value, inside: Inside) -> bool:
    """Whether a tensor is a mix of values by reshapes, norms and gates, without a matrix."""
    return any(_mix_of(operation) for operation in _back([value], inside, _plainly))


def _plainly(operation: Operation) -> Sequence[Value]:
    return operation.reads if base(operation) in AFFINE | NORMS | PRODUCTS else ()


def read_by(value: Value, inside: Inside) -> list[Operation]:
    """The operations on the way from the stream to what a value was made of: matrices, norms, a clip (DBRX)."""
    return list(_back([value], inside, _towards_stream))


def _towards_stream(operation: Operation) -> Sequence[Value]:
    if base(operation) in PRODUCTS and len(operation.reads) > 1:  # a norm's scale is not the way: the larger factor is
        return [max(operation.reads, key=lambda x: x.tensor.numel())]
    return operation.reads if base(operation) in AFFINE | NORMS | MATRICES | PRODUCTS | ELEMENTWISE else ()
