"""How blocks add what is written to their stream: as it is, times one number, or with gains (`models/gains.py`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from unembed.models.inference.identities import PRODUCTS, base
from unembed.models.inference.inside import read_by
from unembed.models.inference.structure import Write
from unembed.models.inference.tape import Operation, Value

if TYPE_CHECKING:
    from unembed.models.inference.reading import Reading


def has_gains(reading: "Reading", writes: Sequence[Write]) -> bool:
    """Whether blocks multiply writes by different numbers or by vectors, multiply the stream, or add vectors of their
    own.
    """
    if len({str(x.scale) for x in writes}) > 1 or any(x.scale != x.scale for x in writes):
        return True
    stream, way = _plain(reading, sorted(reading.stream)), _plain(reading, _ways(reading))
    factors = [x for operation in stream for x in _factors(reading, operation)]
    numbers = {x for x in factors if x is not None}
    # One and the same number everywhere multiplies the stream of no model: that is none of a kind.
    return None in factors or len(numbers) > 1 or any(_adds(x) for x in (*stream, *way))


def _ways(reading: "Reading") -> Iterator[int]:
    """The places of what is done to writes on their way to the stream."""
    for leaf in reading.walked.leaves:
        if leaf.block is not None and leaf.value.operation.depends:
            yield from (x.place for x in reading.way_up(leaf.value.operation)[0])


def _plain(reading: "Reading", places: Iterable[int]) -> list[Operation]:
    """The operations that blocks do by themselves: outside of modules that write, and of those with a norm in them."""
    norms = {
        (x.block, path)
        for x in reading.walked.frozen
        if x.kind == "norm scale" and x.block is not None
        for path in reading.below(x.operation, x.block)
    }
    found = []
    for operation in map(reading.tape.operations.__getitem__, places):
        block = reading.block(operation)
        if block is None or any((block, path) in norms for path in reading.below(operation, block)):
            continue
        if reading.clean_or_none(operation, block) is None:
            found.append(operation)
    return found


def _factors(reading: "Reading", operation: Operation) -> list[float | None]:
    """The constants by which it multiplies, None for a vector; without a number of the block at its end, which is told
    by itself (Gemma 4).
    """
    if base(operation) not in PRODUCTS or len(operation.reads) != 1 or reading.number_by(operation) is not None:
        return []
    return [_number(x) for x in _constants(operation) if _number(x) != 1]


def _adds(operation: Operation) -> bool:
    """Whether it adds a vector of the model itself."""
    if base(operation) not in ("add", "sub") or len(operation.reads) != 1:
        return False
    tensors = (x.tensor if isinstance(x, Value) else x for x in _constants(operation))
    return any(isinstance(x, Tensor) and bool(x.any()) for x in tensors)


def _constants(operation: Operation) -> list[object]:
    return [x for x in operation.args[:2] if not (isinstance(x, Value) and x.depends)]


def _number(x: Any) -> float | None:
    """A number; None of a vector, unless it is of ones."""
    x = x.tensor if isinstance(x, Value) else x
    if not isinstance(x, Tensor):
        return float(x)
    return float(x.flatten()[0]) if x.numel() == 1 or bool((x == 1).all()) else None


def middle_of(reading: "Reading") -> str | None:
    """The module through which the MLP of every block reads the stream, from the block; None where they differ."""
    last: dict[int, Operation] = {}
    for leaf in reading.walked.leaves:
        if leaf.block is not None and leaf.value.operation.depends:
            known = last.get(leaf.block)
            if known is None or known.place < leaf.value.operation.place:
                last[leaf.block] = leaf.value.operation
    found = {_read_through(reading, operation, block) for block, operation in last.items()}
    return found.pop() if len(found) == 1 else None


def _read_through(reading: "Reading", matrix: Operation, block: int) -> str | None:
    sublayer = reading.clean_or_none(matrix, block)
    if sublayer is None:
        return None
    way = read_by(Value(matrix, 0), lambda x: reading.block(x) == block and x.place not in reading.stream)
    outside = [reading.clean_or_none(x, block) for x in way if sublayer not in reading.below(x, block)]
    return next((path for path in outside if path is not None), None)
