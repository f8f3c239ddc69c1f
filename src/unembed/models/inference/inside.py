"""What stands behind a write: attention heads, neurons, or a mixer that is neither.

From the matrix that made the write the search goes back to what entered it: a mix of values by a pattern, or numbers
that each went through a non-linearity of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from unembed.models.inference.identities import AFFINE, ELEMENTWISE, MATRICES, NORMS, PRODUCTS, base
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


Inside = Callable[[Operation], bool]
"""Whether an operation belongs to the block, and not to its stream."""


def behind(matrix: Operation, inside: Inside) -> Behind:
    """What entered the matrix of a write."""
    if base(matrix) not in MATRICES:
        return Behind("mixer")
    entered = matrix.reads
    through: list[Operation] = []
    queue, seen = list(entered), set()
    while queue:
        x = queue.pop()
        operation, name = x.operation, base(x.operation)
        if operation.place in seen or not x.depends or not inside(operation):
            continue
        seen.add(operation.place)
        if mixed := _mix_of(operation):
            return Behind("heads", operation, *mixed, tuple(through))
        if name in AFFINE:
            queue += operation.reads
        elif name in NORMS:
            through.append(operation)
            queue += operation.reads
        elif name in PRODUCTS:
            factors = operation.reads
            heads = [y for y in factors if _leads_to_mix(y, inside)]
            if len(factors) > 1 and not heads:
                return Behind("neurons")
            if len(factors) > 1:
                through.append(operation)
            queue += heads or factors
        elif name in ELEMENTWISE:
            return Behind("neurons")
        elif name not in MATRICES:  # what is made of a matrix alone, beside a non-linearity (xIELU), is one number too
            return Behind("mixer")
    return Behind("mixer")


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


def _leads_to_mix(value: Value, inside: Inside) -> bool:
    """Whether a tensor is a mix of values by reshapes, norms and gates, without a matrix."""
    return any(_mix_of(x.operation) for x in _plain(value, inside))


def _plain(value: Value, inside: Inside) -> Iterator[Value]:
    queue, seen = [value], set()
    while queue:
        x = queue.pop()
        name = base(x.operation)
        if x.operation.place in seen or not inside(x.operation):
            continue
        seen.add(x.operation.place)
        yield x
        if name in AFFINE or name in NORMS or name in PRODUCTS:
            queue += x.operation.reads


def read_by(value: Value, inside: Inside) -> list[Operation]:
    """The operations on the way from the stream to what a value was made of: matrices, norms, a clip (DBRX)."""
    found, queue, seen = [], [value], set()
    while queue:
        x = queue.pop()
        operation, name = x.operation, base(x.operation)
        if operation.place in seen or not x.depends or not inside(operation):
            continue
        seen.add(operation.place)
        found.append(operation)
        if name in PRODUCTS and len(operation.reads) > 1:  # a norm's scale is not the way: the larger factor is
            queue.append(max(operation.reads, key=lambda y: y.tensor.numel()))
        elif name in AFFINE | NORMS | MATRICES | PRODUCTS | ELEMENTWISE:
            queue += operation.reads
    return found
