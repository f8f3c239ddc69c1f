"""The walk of one logit back through the stream: to what the blocks wrote, and to the embeddings.

It goes from the logit over every operation that passes the stream on, and stops at the first matrix product of each
write. What it froze on its way is kept, with what it is: the scale of a norm, or something that no ledger may freeze
without saying so.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from unembed.models.inference.identities import (
    AFFINE,
    ELEMENTWISE,
    MATRICES,
    NORMS,
    PRODUCTS,
    base,
    is_norm_scale,
    through_norm,
    transposed,
)
from unembed.models.inference.tape import Operation, Tape, Value
from unembed.models.reprs import Brief

FrozenKind = Literal["norm scale", "gate", "mixing weights", "activation", "soft-cap"]
"""What is frozen on the way: the scale of a norm, a factor that depends on the tokens otherwise, weights by which
streams are mixed, the ratio of an activation between stream and unembedding, or a soft-cap: a constant of the logit."""


@dataclass(frozen=True, repr=False)
class Leaf(Brief):
    """Where the walk stopped."""

    value: Value
    reads: Tensor
    """What reads it."""
    block: int | None

    @property
    def amount(self) -> float:
        """What it adds to the logit."""
        return float((self.reads * self.value.tensor).sum())


@dataclass(frozen=True, repr=False)
class Frozen(Brief):
    """A factor that was frozen on the way."""

    operation: Operation
    kind: FrozenKind
    block: int | None


@dataclass(frozen=True, repr=False)
class Step(Brief):
    """An operation that the walk passed, and the values that it went on to."""

    operation: Operation
    to: tuple[Value, ...]
    block: int | None


@dataclass(repr=False)
class Walked(Brief):
    """A logit, walked back."""

    blocks: str
    """The path of the list of blocks."""
    logit: float
    leaves: list[Leaf] = field(default_factory=list)
    frozen: list[Frozen] = field(default_factory=list)
    steps: dict[int, Step] = field(default_factory=dict)
    """By the place of their operation; the last of the run first."""
    constant: float = 0.0

    @property
    def error(self) -> float:
        """How far the sum is from the logit, relative to the sizes of its terms."""
        amounts = [leaf.amount for leaf in self.leaves]
        size = max(1.0, abs(self.logit), sum(map(abs, amounts)))
        return abs(sum(amounts) + self.constant - self.logit) / size

    @property
    def stream(self) -> set[int]:
        """The places of operations through which the embedding of the tokens goes."""
        found: set[int] = set()
        ends = {leaf.value.operation.place for leaf in self.leaves if is_embedding(leaf.value.operation)}
        for place, step in sorted(self.steps.items()):
            if any(x.operation.place in ends or x.operation.place in found for x in step.to):
                found.add(place)
        return found

    def frozen_on_stream(self) -> list[Frozen]:
        """What was frozen where the stream passes, in the order of the run."""
        stream = self.stream
        return [x for x in reversed(self.frozen) if x.operation.place in stream]


def is_embedding(operation: Operation) -> bool:
    """Whether it looks rows up by the tokens."""
    return operation.name == "embedding" and operation.depends


@torch.no_grad()
def walk(tape: Tape, position: int, token: int, *, stops: Collection[int] = ()) -> Walked:
    """Walk one logit back; no further than the operations at some places of the run."""
    logits = tape.logits.tensor
    reads = torch.zeros_like(logits)
    place = (*[0] * (logits.ndim - 2), position, token)
    reads[place] = 1.0
    return _Walk(tape, _list_of_blocks(tape), stops).go(reads, float(logits[place]))


def _list_of_blocks(tape: Tape) -> str | None:
    """The list of modules that does the most, and of several such the last."""
    count: dict[str, int] = defaultdict(int)
    last: dict[str, int] = {}
    for operation in tape.operations:
        path = next((p for p in operation.modules if p.rpartition(".")[0] in tape.lists), None)
        if path is not None:
            parent = path.rpartition(".")[0]
            count[parent] += 1
            last[parent] = operation.place
    most = max(count.values(), default=0)
    return max((p for p in count if count[p] >= most / 4), key=lambda p: last[p], default=None)


class _Walk:
    def __init__(self, tape: Tape, blocks: str | None, stops: Collection[int] = ()) -> None:
        self.tape, self.blocks, self.stops = tape, blocks or "", stops
        self._queue: list[int] = []
        self._reads: dict[int, dict[int, Tensor]] = {}
        inside = [x.place for x in tape.operations if self._block(x) is not None]
        self._end = max(inside, default=-1)

    def go(self, reads: Tensor, logit: float) -> Walked:
        found = Walked(self.blocks, logit)
        self._push(self.tape.logits, reads)
        while self._queue:
            place = -heapq.heappop(self._queue)
            operation, cotangents = self.tape.operations[place], self._reads.pop(place)
            if any(bool(g.any()) for g in cotangents.values()):
                self._step(found, operation, cotangents)
        return found

    def _block(self, operation: Operation) -> int | None:
        return self.tape.entry(operation, self.blocks) if self.blocks else None

    def _push(self, value: Value, reads: Tensor) -> None:
        place = value.operation.place
        if place not in self._reads:
            self._reads[place] = {}
            heapq.heappush(self._queue, -place)
        known = self._reads[place].get(value.index)
        self._reads[place][value.index] = reads if known is None else known + reads

    def _step(self, found: Walked, operation: Operation, cotangents: dict[int, Tensor]) -> None:
        block, name = self._block(operation), base(operation)
        onward: list[tuple[Value, Tensor]] | None = None
        constant, kind = 0.0, None
        activated = self._activated(operation)
        if operation.place in self.stops:
            pass
        elif activated is not None:
            onward, kind = [(activated, cotangents[0] * _ratio(operation.outputs[0], activated.tensor))], "activation"
        elif operation.depends and name in NORMS and 0 in cotangents:
            onward, constant = through_norm(operation, cotangents[0])
            kind = "norm scale"
        elif operation.depends and name == "tanh" and operation.place > self._end:
            onward = [(operation.args[0], cotangents[0])]
            constant, kind = float((cotangents[0] * (operation.outputs[0] - onward[0][0].tensor)).sum()), "soft-cap"
        elif operation.depends and name in ELEMENTWISE and operation.place > self._end and operation.reads:
            x = operation.reads[0]
            onward, kind = [(x, cotangents[0] * _ratio(operation.outputs[0], x.tensor))], "activation"
        elif operation.depends:
            wanted, kind = self._wanted(operation, name, block)
            if wanted:
                onward, constant = transposed(operation, cotangents, wanted)
        if onward is None:
            found.leaves += [Leaf(Value(operation, index), g, block) for index, g in cotangents.items()]
            return
        if kind is not None:
            found.frozen.append(Frozen(operation, kind, block))  # type: ignore[arg-type]
        found.steps[operation.place] = Step(operation, tuple(x for x, _ in onward), block)
        found.constant += constant
        for value, reads in onward:
            self._push(value, reads)

    def _activated(self, operation: Operation) -> Value | None:
        """What entered a module after the blocks that acts on each number by itself, in several operations."""
        module = operation.module
        if operation.place <= self._end or module not in self.tape.bare or not operation.depends:
            return None
        inside = [x for x in self.tape.operations[self._end + 1 :] if module in x.modules]
        entered = {x.operation.place: x for y in inside for x in y.reads if module not in x.operation.modules}
        known = AFFINE | PRODUCTS | ELEMENTWISE
        if len(entered) != 1 or not all(base(x) in known for x in inside) or all(base(x) in AFFINE for x in inside):
            return None
        (x,) = entered.values()
        return x if all(y.outputs[0].shape == x.tensor.shape for y in inside if y.depends) else None

    def _wanted(self, operation: Operation, name: str, block: int | None) -> tuple[list[Value], FrozenKind | None]:
        """The arguments that the walk goes on with, and what it freezes for it; none where it stops."""
        reads = operation.reads
        if name in AFFINE:
            return reads, None
        if name in PRODUCTS:
            return self._factor(operation, name, block)
        if name in MATRICES:
            factors = [x for x in operation.args[-2:] if isinstance(x, Value) and x.depends]
            if len(factors) < 2:
                return (reads, None) if block is None else ([], None)
            streams = [x for x in factors if self._passes(x, block)]
            return (streams, "mixing weights") if len(streams) == 1 else ([], None)
        return [], None

    def _factor(self, operation: Operation, name: str, block: int | None) -> tuple[list[Value], FrozenKind | None]:
        x, y = (a if isinstance(a, Value) and a.depends else None for a in operation.args[:2])
        if x is None or y is None:
            one = x if y is None else y if name == "mul" else None
            return ([] if one is None else [one]), None
        if x.tensor.numel() == y.tensor.numel():
            streams = [z for z in ((x, y) if name == "mul" else (x,)) if self._passes(z, block)]
            return (streams, "gate") if len(streams) == 1 else ([], None)
        if name == "mul" and x.tensor.numel() < y.tensor.numel():
            x, y = y, x
        elif x.tensor.numel() < y.tensor.numel():
            return [], None
        factor = y.tensor if name == "mul" else 1 / y.tensor
        return [x], "norm scale" if is_norm_scale(x.tensor, factor) else "gate"

    def _passes(self, value: Value, block: int | None, most: int = 200) -> bool:
        """Whether the block's input comes here by additions, reshapes and frozen factors, without a matrix."""
        queue, seen = [value], set()
        while queue and len(seen) < most:
            x = queue.pop()
            operation, name = x.operation, base(x.operation)
            if operation.place in seen or not x.depends:
                continue
            seen.add(operation.place)
            if self._block(operation) != block:
                return True
            if name in AFFINE or name in NORMS:
                queue += operation.reads
            elif name in PRODUCTS:
                queue += [max(operation.reads, key=lambda z: z.tensor.numel(), default=x)]
            elif name in ("bmm", "baddbmm") and len(operation.reads) > 1:
                queue += operation.reads[-2:]
        return False


def _ratio(made: Tensor, of: Tensor) -> Tensor:
    return made / torch.where(of == 0, 1.0, of)
