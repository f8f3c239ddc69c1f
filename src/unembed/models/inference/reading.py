"""The structure of a causal language model, read off one run of it.

No name of a type or of a part is known here. Blocks are the entries of the list of modules that does the most; a write
is what a module of a block gives and what is added to the stream of the walk (walk.py); what stands behind it is found
from its matrix (inside.py).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, get_args

from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.inference.added import has_gains, middle_of
from unembed.models.inference.ends import added_at_the_start, head_among, normed_before_positions
from unembed.models.inference.identities import ELEMENTWISE, EXACT, MATRICES, NORMS, PRODUCTS, base
from unembed.models.inference.inside import Behind, behind, read_by, softmax_of
from unembed.models.inference.structure import Structure, Write
from unembed.models.inference.tape import Operation, Tape, Value, taped
from unembed.models.inference.walk import Frozen, FrozenKind, Leaf, Step, Walked, is_embedding, walk


def structure_of(module: Any, inputs: Mapping[str, Any]) -> Structure:
    """The structure of a module, from one run of it in float64 on a few tokens.

    Raises:
        ModelError: it is no sum of what its blocks write, or something else than the scale of a norm would have to be
            frozen on its stream; the message says what.
    """
    tape = taped(module, inputs)
    token = min(12, tape.logits.tensor.shape[-1] - 1)
    walked = walk(tape, -1, token)
    try:
        return Reading(module, tape, walked).structure()
    except ModelError:
        gates = {x.operation.place for x in walked.frozen if x.kind == "gate" and x.block is not None}
        if not gates:
            raise
        # What passes a gate may be a part of a write: of an expert that gives back what it takes (LongCat).
        stopped = Reading(module, tape, walk(tape, -1, token, stops=gates))
        with suppress(ModelError):
            return stopped.structure()
        raise


class Reading:
    """A tape and the walk over it, read as a structure."""

    def __init__(self, module: Any, tape: Tape, walked: Walked) -> None:
        self.module, self.tape, self.walked = module, tape, walked
        self.name = type(module).__name__
        self.parts: dict[str, nn.Module] = dict(module.named_modules())
        self.stream = walked.stream
        inside = [x.place for x in tape.operations if self.block(x) is not None]
        self.first, self.last = min(inside, default=-1), max(inside, default=-1)

    def block(self, operation: Operation) -> int | None:
        """The block that ran an operation."""
        return self.tape.entry(operation, self.walked.blocks)

    def structure(self) -> Structure:
        """What is read."""
        self._check()
        writes = tuple(self._writes())
        embedding = self._embedding()
        before, after = self._on_stream(0, self.first), self._on_stream(self.last + 1, len(self.tape.operations))
        before = [x for x in before if embedding.module not in x.modules]  # what it does inside, it gives
        gains = has_gains(self, writes)
        embedding_scale = _scale_or_nan([x for x in before if self.norm_among(before) not in x.modules])
        if embedding_scale != embedding_scale:  # a vector, which is a gain as well (Zaya)
            gains, embedding_scale = True, 1.0
        if gains:
            writes = tuple(replace(x, scale=1.0) for x in writes)
        normed_alone = normed_before_positions(self, before)
        unembeds = next(x for x in after if self.parts.get(x.module) is self.module.get_output_embeddings())
        frozen = {x.kind for x in self.walked.frozen_on_stream()}
        head = head_among(self, after)
        return Structure(
            blocks=self.walked.blocks,
            writes=writes,
            parallel=self._parallel(),
            meets_first=self._meets_first(),
            embedding=normed_alone or embedding.module,
            embedding_scale=embedding_scale,
            **added_at_the_start(self, before, embedding.module),
            embedding_norm=None if normed_alone else self.norm_among(before),
            stream_scale=None if gains else self._stream_scale(),
            stream_norms=self._stream_norms(entering=False),
            entering_norm=next(iter(self._stream_norms(entering=True)), None),
            middle=middle_of(self),
            gains=gains,
            skipped=self._skipped(),
            final_norm=self.norm_among([x for x in after if head is None or x.place < head.place]),
            head=None if head is None else head.row,
            unembedding_scale=_scale([x for x in after if x.place < unembeds.place and self._outside_norms(x)]),
            logit_scale=_scale([x for x in after if x.place > unembeds.place], without_cap=True),
            softcap=_cap(after),
            frozen=tuple(kind for kind in get_args(FrozenKind) if kind in frozen),
            error=self.walked.error,
        )

    # What must hold

    def _check(self) -> None:
        walked = self.walked
        if not walked.blocks or self.first < 0:
            raise self.refused("it has no list of blocks on the way to its logits")
        if not walked.error <= EXACT:
            raise self.refused(f"the parts of a logit sum to it up to {walked.error:.1e} of them only")
        strange = [x for x in walked.leaves if x.block is None and not self._starts(x)]
        if strange:
            raise self.refused(
                f"a term of its logit is neither embedding nor written by a block ({_where(strange[0])})"
            )
        if not any(is_embedding(x.value.operation) for x in walked.leaves):
            raise self.refused("the walk does not reach the embedding of its tokens")
        odd = [
            x for x in walked.frozen_on_stream() if x.kind not in ("norm scale", "soft-cap") and not self._of_head(x)
        ]
        if odd:
            raise self.refused(f"its stream goes through what is no norm: {_told(odd)}")

    def _of_head(self, frozen: Frozen) -> bool:
        return frozen.kind == "activation" and frozen.operation.place > self.last

    def _embedding(self) -> Operation:
        """The look-up of the tokens: others of theirs may be of positions, which are counted past padding."""
        found = [x.value.operation for x in self.walked.leaves if is_embedding(x.value.operation)]
        tokens = self.module.get_input_embeddings()
        return next((x for x in found if tokens in map(self.parts.get, x.modules)), found[0])

    def _starts(self, leaf: Leaf) -> bool:
        operation = leaf.value.operation
        return not operation.depends or is_embedding(operation)

    def refused(self, why: str) -> ModelError:
        """The refusal of a module."""
        return ModelError(f"{self.name} cannot be taken apart: {why}.\nNo ledger of it would be exact.")

    # What is written

    def _writes(self) -> list[Write]:
        found: dict[tuple[int, str, str], Write] = {}
        for leaf in self.walked.leaves:
            if leaf.block is not None and leaf.value.operation.depends:
                write = self._write(leaf, leaf.block)
                found.setdefault((write.block, write.module, write.matrix), write)
        return sorted(found.values(), key=lambda write: (write.block, self._joins[write.block, write.module]))

    @cached_property
    def _joins(self) -> dict[tuple[int, str], int]:
        return {}

    def _write(self, leaf: Leaf, block: int) -> Write:
        operation = leaf.value.operation
        path, join = self.way_up(operation)
        sublayer = self._clean(operation, block)
        outside = [x for x in path if sublayer not in self.below(x, block)]
        norms = [m for x in outside for m in [self.clean_or_none(x, block)] if m is not None]
        module = norms[-1] if norms else sublayer
        self._joins.setdefault((block, module), join)
        scale = _scale_or_nan([x for x in outside if self.clean_or_none(x, block) is None])
        kind, matrix, made = self._made(operation, block)
        attends = None if made.mix is None else self._relative(made.mix.module, block)
        return Write(
            block=block,
            module=module,
            sublayer=sublayer,
            made_by=type(self.parts[f"{self.walked.blocks}.{block}.{sublayer}"]).__name__,
            kind=kind,
            joins=self._joins[block, module],
            block_class=type(self.parts[f"{self.walked.blocks}.{block}"]).__name__,
            matrix=matrix,
            scale=scale,
            attends=attends,
            input_norm=None if made.values is None else self._input_norm(made.values, block, attends or ""),
            heads=None if made.pattern is None else _heads(made.pattern),
            gated=any(base(x) in PRODUCTS and len(x.reads) > 1 for x in path if kind == "neurons"),
            changed=any(_changes(x) for x in path if x not in outside),
            frozen=made.frozen,
        )

    def _made(self, operation: Operation, block: int) -> tuple[Any, str, Behind]:
        stack = self.below(operation, block)
        experts = next((p for p in stack if self._stacked(block, p)), None)
        made = behind(operation, lambda x: self.block(x) == block and x.place not in self.stream)
        if experts is not None:
            return "experts", experts, Behind("neurons")
        return made.kind, stack[-1] if stack else "", made

    def _stacked(self, block: int, path: str) -> bool:
        part = self.parts[f"{self.walked.blocks}.{block}.{path}"]
        return any(isinstance(x, Tensor) and x.ndim == 3 for x in part.parameters(recurse=False))

    def way_up(self, operation: Operation) -> tuple[list[Operation], int]:
        """From a write to where the stream takes it up: the operations in between, and the place of the sum."""
        path, place = [], operation.place
        while True:
            step = next((s for s in self._readers.get(place, ()) if s.operation.place != place), None)
            if step is None or step.operation.place in self.stream:
                return path, -1 if step is None else step.operation.place
            path.append(step.operation)
            place = step.operation.place

    @cached_property
    def _readers(self) -> dict[int, list[Step]]:
        """By the place of an operation: the steps of the walk that came to it, the first of the run first."""
        found: dict[int, list[Step]] = {}
        for _, step in sorted(self.walked.steps.items()):
            for value in step.to:
                found.setdefault(value.operation.place, []).append(step)
        return found

    # Where it is

    def _relative(self, path: str, block: int) -> str:
        return path.removeprefix(f"{self.walked.blocks}.{block}").removeprefix(".")

    def below(self, operation: Operation, block: int) -> list[str]:
        """The modules of a block that ran an operation, outermost first."""
        prefix = f"{self.walked.blocks}.{block}."
        return [path.removeprefix(prefix) for path in operation.modules if path.startswith(prefix)]

    def clean_or_none(self, operation: Operation, block: int) -> str | None:
        """The outermost module of a block that ran an operation and that the stream goes around, if there is one."""
        return next((path for path in self.below(operation, block) if path not in self._touching[block]), None)

    def _clean(self, operation: Operation, block: int) -> str:
        """The outermost module of the block that ran an operation and through which the stream does not go."""
        found = self.clean_or_none(operation, block)
        if found is None:
            raise self.refused(f"what block {block} writes is made by no module of its own ({operation.name})")
        return found

    @cached_property
    def _touching(self) -> dict[int, set[str]]:
        """The modules of each block through which the stream goes."""
        found: dict[int, set[str]] = {block: set() for block in range(len(self.parts[self.walked.blocks]))}  # type: ignore[arg-type]
        for place in self.stream:
            operation = self.tape.operations[place]
            block = self.block(operation)
            if block is not None:
                found[block].update(self.below(operation, block))
        return found

    def _input_norm(self, values: Value, block: int, attends: str) -> str | None:
        way = read_by(values, lambda x: self.block(x) == block and x.place not in self.stream)
        outside = [self.clean_or_none(x, block) for x in way if attends not in self.below(x, block)]
        return next((path for path in outside if path is not None), None)

    # The order of writes

    def _two(self) -> tuple[int, int] | None:
        """The places of the first attention write and of the last MLP write, of a block that has both."""
        by_block: dict[int, list[Leaf]] = {}
        for leaf in self.walked.leaves:
            if leaf.block is not None:
                by_block.setdefault(leaf.block, []).append(leaf)
        for block in sorted(by_block):
            places = sorted(x.value.operation.place for x in by_block[block])
            kinds = {p: self._made(self.tape.operations[p], block)[0] for p in places}
            heads = [p for p in places if kinds[p] == "heads"]
            rest = [p for p in places if kinds[p] in ("neurons", "experts")]
            if heads and rest:
                return heads[0], rest[-1]  # before it may stand a mixer that looks like neurons
        return None

    def _parallel(self) -> bool:
        two = self._two()
        if two is None:
            return False
        heads, rest = two
        return heads not in _ancestors(self.tape.operations[rest]) and rest not in _ancestors(
            self.tape.operations[heads]
        )

    def _meets_first(self) -> bool:
        two = self._two()
        if two is None or not self._parallel():
            return False
        first, second = (self.way_up(self.tape.operations[x])[0] for x in two)
        return bool({x.place for x in first} & {x.place for x in second})

    # Before and after the blocks

    def _on_stream(self, start: int, end: int) -> list[Operation]:
        return [self.tape.operations[p] for p in sorted(self.stream) if start <= p < end]

    def holds_blocks(self, path: str) -> bool:
        """Whether a module has the blocks in it."""
        return self.walked.blocks.startswith(f"{path}.") or path == ""

    def _outside_norms(self, operation: Operation) -> bool:
        return self.holds_blocks(operation.module)

    def norm_among(self, operations: Sequence[Operation]) -> str | None:
        """The module that norms the stream among these operations, outermost where it does nothing else."""
        places = {x.place for x in operations}
        frozen = [x for x in self.walked.frozen if x.kind == "norm scale" and x.operation.place in places]
        if not frozen:
            return None
        return next((m for m in frozen[0].operation.modules if not self.holds_blocks(m) and m not in self._more), None)

    @cached_property
    def _more(self) -> set[str]:
        """Modules that do something else than a norm: they look up, multiply by a matrix, or activate."""
        ends = [x.value.operation for x in self.walked.leaves]
        passed = [self.tape.operations[place] for place in self.stream]
        return {m for x in (*ends, *passed) if base(x) in MATRICES | ELEMENTWISE | {"embedding"} for m in x.modules}

    def _stream_scale(self) -> str | None:
        """The one number of a block that multiplies the stream."""
        for operation in self._on_stream(self.first, self.last + 1):
            block, found = self.block(operation), self.number_by(operation)
            if block is not None and found is not None:
                return self._relative(found, block)
        return None

    @cached_property
    def _numbers(self) -> dict[int, str]:
        named = (*self.module.named_buffers(), *self.module.named_parameters())
        return {id(x): name for name, x in named if x.numel() == 1}

    def number_by(self, operation: Operation) -> str | None:
        """The name of the one number of the module by which an operation multiplies."""
        if base(operation) != "mul" or len(operation.reads) != 1:
            return None
        return next((self._numbers[id(x)] for x in operation.args if id(x) in self._numbers), None)

    def _skipped(self) -> tuple[str, ...]:
        """The classes of blocks of which none ran."""
        blocks: Any = self.parts[self.walked.blocks]
        ran = {self.block(x) for x in self.tape.operations}
        of = [type(x).__name__ for x in blocks]
        return tuple(sorted(set(of) - {name for i, name in enumerate(of) if i in ran}))

    def _stream_norms(self, *, entering: bool) -> tuple[str, ...]:
        """Of a block whose stream is normed, before its first write or after: the norms, in order."""
        starts = {b: min(x for (c, _), x in self._joins.items() if c == b) for b, _ in self._joins}
        found = [x for x in self.walked.frozen_on_stream() if x.kind == "norm scale" and x.block is not None]
        found = [x for x in found if (x.operation.place < starts.get(x.block or 0, 0)) == entering]
        first = [x for x in found if x.block == found[0].block]
        return tuple(dict.fromkeys(self._relative(x.operation.module, x.block or 0) for x in first))


def _ancestors(operation: Operation) -> set[int]:
    found: set[int] = set()
    queue = [operation]
    while queue:
        for x in queue.pop().values:
            if x.operation.place not in found:
                found.add(x.operation.place)
                queue.append(x.operation)
    return found


def _scale_or_nan(operations: Sequence[Operation]) -> float:
    """As `_scale`; no number, where one of them multiplies by a vector."""
    try:
        return _scale(operations)
    except ModelError:
        return float("nan")


def _scale(operations: Sequence[Operation], *, without_cap: bool = False) -> float:
    """The product of the constants by which operations multiply."""
    if without_cap and _cap(operations) is not None:
        return 1.0
    scale = 1.0
    for x in operations:
        if base(x) in PRODUCTS and len(x.reads) == 1:
            numbers = [_number(a) for a in x.args[:2] if not (isinstance(a, Value) and a.depends)]
            for number in numbers:
                if number is None:
                    raise ModelError(f"A gain of its own, {x.module}, multiplies the stream, which no row tells.")
                scale = scale * number if base(x) == "mul" else scale / number
    return scale


def _changes(operation: Operation) -> bool:
    """Whether an operation on the way from a matrix to what its module gives is a norm, or multiplies by a constant."""
    if base(operation) not in PRODUCTS or len(operation.reads) != 1:
        return base(operation) in NORMS
    return any(_number(x) != 1 for x in operation.args[:2] if not (isinstance(x, Value) and x.depends))


def _number(x: Any) -> float | None:
    if isinstance(x, Value):
        x = x.tensor
    if isinstance(x, Tensor):
        return float(x) if x.numel() == 1 else None
    return float(x)


def _cap(operations: Sequence[Operation]) -> float | None:
    """The number of a soft-cap among operations: by what its tanh is multiplied."""
    names = [base(x) for x in operations]
    if "tanh" not in names:
        return None
    after = operations[names.index("tanh") + 1 :]
    return next((float(_number(x.args[1]) or 0) for x in after if base(x) == "mul"), None)


def _heads(pattern: Value) -> int:
    """How many heads a pattern has: the softmax that it comes of has an axis of them."""
    scores = softmax_of(pattern).reads[0].tensor
    return scores.shape[1] if scores.ndim == 4 else scores.shape[0]


def _where(leaf: Leaf) -> str:
    operation = leaf.value.operation
    return f"{operation.name} in {operation.module or 'the model itself'}"


def _told(frozen: Sequence[Frozen]) -> str:
    kinds = dict.fromkeys(f"{x.kind} in {x.operation.module or 'the model itself'}" for x in frozen)
    return ", ".join(list(kinds)[:3])
