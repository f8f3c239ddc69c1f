"""Recorder: hooks that see what one prompt of a batch does while the model runs, and the `Run` that is made of it.

`record` (record.py) installs it, and hands it what attention did.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from unembed.errors import InputError
from unembed.models.hooks import on_call, on_output
from unembed.models.model import Block, Model, Stage
from unembed.models.prediction_head import HeadStates
from unembed.runs.gates import gated, mixed
from unembed.runs.kept import BlockCall, Entering, ExpertInputs, Heads, Layer
from unembed.runs.mixing import Mixing
from unembed.runs.run import Run
from unembed.runs.seen import Seen
from unembed.runs.selected import Selected


@dataclass(frozen=True)
class _Ends:
    """What stands before the first block and after the last one."""

    embedding: Seen[Tensor] = field(default_factory=Seen)
    position_embedding: Seen[Tensor] = field(default_factory=Seen)
    token_type_embedding: Seen[Tensor] = field(default_factory=Seen)
    embedding_normed: Seen[Tensor] = field(default_factory=partial(Seen, first=True))
    """A norm that stands before the first block and after the last is called twice (NanoChat)."""
    embedding_projected: Seen[Tensor] = field(default_factory=Seen)
    start: Seen[Tensor] = field(default_factory=Seen)
    """What enters the first block."""
    whole_final: Seen[Tensor] = field(default_factory=Seen)
    normed: Seen[Tensor] = field(default_factory=Seen)
    head_read: Seen[Tensor] = field(default_factory=Seen)
    head_dense: Seen[Tensor] = field(default_factory=Seen)
    head_activated: Seen[Tensor] = field(default_factory=Seen)
    logits: Seen[Tensor] = field(default_factory=Seen)
    """What the unembedding gives."""


@dataclass(frozen=True)
class _Arguments:
    """What a module was called with, without the stream that it read."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class _Attended:
    """What an attention read, as a `BlockCall` holds it."""

    query: Tensor
    key: Tensor
    mask: Tensor | None


@dataclass(frozen=True)
class _OfBlock:
    """What one block does; see `Layer` and `BlockCall`."""

    attention_write: Seen[Tensor] = field(default_factory=Seen)
    mlp_write: Seen[Tensor] = field(default_factory=Seen)
    cross_write: Seen[Tensor] = field(default_factory=Seen)
    attention_output: Seen[Tensor] = field(default_factory=Seen)
    mlp_output: Seen[Tensor] = field(default_factory=Seen)
    normed: dict[Stage, Seen[Tensor]] = field(default_factory=dict)
    beside: dict[Stage, list[Seen[Tensor]]] = field(default_factory=dict)
    heads: Seen[Heads] = field(default_factory=Seen)
    cross_heads: Seen[Heads] = field(default_factory=Seen)
    neurons: Seen[Tensor | ExpertInputs] = field(default_factory=Seen)
    entered: Seen[Tensor] = field(default_factory=Seen)
    """What the output projection read."""
    mixing: Seen[Mixing] = field(default_factory=Seen)
    shared: Seen[Tensor] = field(default_factory=Seen)
    of_shared: Seen[Tensor] = field(default_factory=Seen)
    of_experts: Seen[Tensor] = field(default_factory=Seen)
    """What shared and chosen experts gave, where a gate multiplies the former."""
    stream: Seen[Entering] = field(default_factory=Seen)
    call: Seen[_Arguments] = field(default_factory=Seen)
    attention_call: Seen[_Arguments] = field(default_factory=Seen)
    attended: Seen[_Attended] = field(default_factory=Seen)
    cross_attended: Seen[_Attended] = field(default_factory=Seen)


@dataclass
class Recorder:
    """Keeps what one prompt of a batch does."""

    model: Model
    positions: tuple[int, ...]
    """Where it keeps what the parts do."""
    length: int
    """Of the prompt."""
    item: int = 0
    """Which of the batch's prompts."""
    batch: int = 1
    streams: bool = True
    """Whether it keeps the stream before every block at every position; else at the kept ones, before the first block
    everywhere."""
    selected: Selected = field(default_factory=Selected)
    """Shared by the recorders of a batch."""

    def __post_init__(self) -> None:
        self.whole = self.positions == tuple(range(self.length))
        self._ends = _Ends()
        self._masks: list[Tensor] = []
        self._blocks = tuple(
            _OfBlock(normed={stage: Seen() for stage in block.stream_norms}) for block in self.model.blocks
        )

    # Watching

    def watch(self, stack: ExitStack, *, heads_and_neurons: bool, calls: bool) -> None:
        """Hook what is kept until `stack` closes; attention is handed to `keep_heads` and `keep_attended` instead."""
        self._watch_start(stack)
        self._watch_end(stack)
        for block, seen in zip(self.model.blocks, self._blocks, strict=True):
            self._watch_writes(stack, block, seen)
            if heads_and_neurons:
                self._watch_neurons(stack, block, seen)
            if calls:
                on_call(stack, block.module, partial(self._put_block_call, seen))
                if block.enters is None:
                    on_call(stack, block.module, lambda args, _, seen=seen: self._put_stream(seen, args[0]))
                else:
                    on_output(stack, block.enters, partial(self._put_stream, seen))
                on_call(stack, block.attention, partial(self._put_attention_call, seen.attention_call))

    def _watch_start(self, stack: ExitStack) -> None:
        family, ends = self.model.family, self._ends
        for path, seen in (
            (family.embedding, ends.embedding),
            (family.token_type_embedding, ends.token_type_embedding),
            (family.embedding_norm, ends.embedding_normed),
            (family.embedding_projection, ends.embedding_projected),
        ):
            if path is not None:
                self._watch_output(stack, self.model.module.get_submodule(path), seen, own=family.inferred)
        if family.position_embedding is not None:
            on_output(stack, self.model.module.get_submodule(family.position_embedding), self._put_positions)
        if self.model.blocks:
            self._watch_input(stack, self.model.blocks[0].module, ends.start)
            if self.model.embedding_norm is not None and family.embedding_norm is None:  # gains.py
                self._watch_input(stack, self.model.blocks[0].module, ends.embedding_normed)

    def _put_positions(self, out: Tensor) -> None:
        # Some modules give positions without a batch (Marian): every prompt of it has the same then.
        shared = out.ndim == 2 and len(out) == self.length
        self._ends.position_embedding.put(self._select(out) if shared else self._at(out))

    def _watch_end(self, stack: ExitStack) -> None:
        model, ends = self.model, self._ends
        path = model.family.final_norm
        if path is None:  # the last stream is what the last block gives
            on_output(stack, model.blocks[-1].module, lambda out: ends.whole_final.put(self._own(out)[0]))
        else:
            norm = model.module.get_submodule(path)
            on_call(stack, norm, lambda args, _: ends.whole_final.put(self._own(args[0])[0]))
            self._watch_output(stack, norm, ends.normed)
        if model.has_unembedding:
            on_output(stack, model.unembeds, lambda out: ends.logits.put(self._own(out)[0]))
        head = model.prediction_head
        if head is not None and model.tied_unembedding is not None:  # a layer that no run calls
            self._watch_output(stack, head.norm_module, ends.normed)
        elif model.unembeds_all:  # perhaps after a logit scale, or a prediction head
            self._watch_input(stack, model.unembed, ends.normed)
        if head is not None:
            self._watch_input(stack, head.dense, ends.head_read)
            self._watch_output(stack, head.dense, ends.head_dense)
            self._watch_input(stack, head.norm_module, ends.head_activated)

    def _watch_writes(self, stack: ExitStack, block: Block, seen: _OfBlock) -> None:
        of_attention, of_mlp = block.write_scales.get("attention"), block.write_scales.get("mlp")
        for scale, module, norm, written, given in (
            (of_attention, block.attention_write, block.attention_norm, seen.attention_write, seen.attention_output),
            (of_mlp, block.mlp_write, block.mlp_norm, seen.mlp_write, seen.mlp_output),
        ):
            self._watch_output(stack, module, written, block.write_scale if scale is None else scale)
            if norm is not None and norm.identity:  # no post-norm: the block multiplies what the sublayer gives
                self._watch_output(stack, module, given)
            elif norm is not None:
                self._watch_input(stack, module, given)
        if block.cross is not None:
            self._watch_output(stack, block.cross.attention, seen.cross_write)
        for stage, modules in block.beside.items():
            seen.beside[stage] = [Seen() for _ in modules]
            for module, beside in zip(modules, seen.beside[stage], strict=True):
                self._watch_output(stack, module, beside, block.write_scale)
        for stage, (norm, _) in block.stream_norms.items():
            if stage == "attention" and norm is block.module and block.middle is not None:  # gains.py
                self._watch_input(stack, block.middle, seen.normed[stage])
            else:
                self._watch_output(stack, norm, seen.normed[stage])

    def _watch_neurons(self, stack: ExitStack, block: Block, seen: _OfBlock) -> None:
        if block.down_projection is not None:
            self._watch_input(stack, block.down_projection, seen.neurons)
        if block.experts is not None:
            on_call(stack, block.experts, partial(self._put_experts, seen.neurons))
        if block.shared_experts is not None:
            self._watch_input(stack, block.shared_experts, seen.shared)
        if block.shared_experts is not None and block.experts is not None and block.gates_shared:
            self._watch_output(stack, block.shared_experts, seen.of_shared)
            self._watch_output(stack, block.experts, seen.of_experts)
        if block.splits:
            on_call(stack, block.attention, partial(self._put_mixing, seen.mixing, block))
        if block.gates_heads:
            self._watch_input(stack, block.output_projection, seen.entered)

    def _watch_output(
        self, stack: ExitStack, module: nn.Module, seen: Seen[Any], scale: float | Tensor = 1.0, *, own: bool = False
    ) -> None:
        def keep(out: Tensor) -> None:
            # Where two writes are added to each other first, some modules do it in place (Falcon).
            # So do some with embeddings, to which they add positions (GIT).
            mine = self._at(out).clone() if self.model.writes_meet_first or own else self._at(out)
            seen.put(mine * scale.to(mine) if isinstance(scale, Tensor) else mine if scale == 1 else mine * scale)

        on_output(stack, module, keep)

    def _watch_input(self, stack: ExitStack, module: nn.Module, seen: Seen[Any]) -> None:
        on_call(stack, module, lambda args, _: seen.put(self._at(args[0])))

    def _put_experts(self, seen: Seen[Tensor | ExpertInputs], args: tuple[Any, ...], _: dict[str, Any]) -> None:
        if len(args) != len(fields(ExpertInputs)):
            raise InputError(
                f"its experts are called with {len(args)} things, not with the stream, the experts that the router "
                "chose and their weights, so what each expert adds is not known."
            )
        seen.put(ExpertInputs(*(self._at(x) for x in args)))

    def _put_mixing(self, seen: Seen[Mixing], block: Block, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        called = self._own_arguments(args), self._own_arguments(kwargs)
        seen.put(Mixing(block.attention, block.output_projection, *called, self.positions))

    def _put_block_call(self, seen: _OfBlock, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen.call.put(_Arguments(self._own_arguments(args[1:]), self._own_arguments(kwargs)))

    def _put_stream(self, seen: _OfBlock, stream: Tensor) -> None:
        whole = self._own(stream)[0]
        if self.streams or seen is self._blocks[0]:
            seen.stream.put(Entering(self._select(whole), whole, None))
        else:
            lengths = torch.linalg.vector_norm(whole, dim=-1, dtype=torch.float64)
            seen.stream.put(Entering(self._select(whole), None, lengths))

    def _put_attention_call(self, seen: Seen[_Arguments], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        # What attention reads is the stream through a norm, which a run makes again when it is asked (attention_input):
        # kept, it would be as large as the stream before every block once more.
        rest = {name: x for name, x in kwargs.items() if name != "hidden_states"}
        seen.put(_Arguments(self._own_arguments(args[1:]), self._own_arguments(rest)))

    def keep_heads(self, layer: int, stage: Stage, pattern: Tensor, value: Tensor, z: Tensor) -> None:
        """What the heads of a layer did: the pattern of the kept positions, `z` of all."""
        pattern, value, z = (self._own(x)[0] for x in (pattern, value, z))
        block = self._blocks[layer]
        seen = block.heads if stage == "attention" else block.cross_heads
        seen.put(Heads(pattern=pattern, value=value, z=self._select(z)))

    def keep_attended(self, layer: int, stage: Stage, query: Tensor, key: Tensor, mask: Tensor | None) -> None:
        """What the attention of a layer read: queries where the run keeps its parts, keys everywhere."""
        query, key = self._own(query)[0], self._own(key)[0]
        block = self._blocks[layer]
        seen = block.attended if stage == "attention" else block.cross_attended
        seen.put(_Attended(self._select(query, 1), key, None if mask is None else self._shared(self._own(mask))))

    def _shared(self, mask: Tensor) -> Tensor:
        """One tensor for all masks that are equal: T5 adds its relative bias to the mask anew in every layer."""
        for known in self._masks:
            if known is mask or torch.equal(known, mask):
                return known
        self._masks.append(mask)
        return mask

    # This prompt's share of a batch

    def _at(self, x: Tensor) -> Tensor:
        """The kept positions of this prompt, whether or not the model has flattened the batch."""
        whole = self.batch == 1 or self.whole
        found = None if whole else self.selected.rows(x, self.batch, self.length, self.rows)
        return self._select(self._own(x).flatten(0, -2)) if found is None else found[self.item]

    def _own(self, x: Tensor) -> Tensor:
        """This prompt's share of a batch, as a batch of one; what all prompts share is left as it is."""
        if self.batch == 1 or x.shape[0] == 1:
            return x
        size = x.shape[0] // self.batch
        return x.narrow(0, self.item * size, size)

    def _own_arguments(self, x: Any) -> Any:
        if isinstance(x, dict):
            return {name: self._own_arguments(value) for name, value in x.items()}
        if isinstance(x, tuple):
            return tuple(self._own_arguments(value) for value in x)
        if not isinstance(x, Tensor) or x.ndim < 2 or (x.ndim == 2 and x.shape[0] != self.batch):
            return x  # a matrix of another length is of no prompt: DeBERTa's embeddings of distances
        return self._own(x)

    def _select(self, x: Tensor, axis: int = 0) -> Tensor:
        return x if self.whole else x.index_select(axis, self.rows.to(x.device))

    @cached_property
    def rows(self) -> Int[Tensor, "query"]:
        """The kept positions."""
        return torch.tensor(self.positions, device=self.model.device)

    # The run

    def run(self, tokens: tuple[int, ...], positions: tuple[int, ...], logits: Tensor) -> Run:
        """What was seen, once the model has run.

        Args:
            tokens: the prompt.
            positions: where in it the kept positions stand: they are others where a cache held its beginning.
            logits: the model's own, at these positions.
        """
        ends = self._ends
        final = self._select(ends.whole_final.value)
        normed = ends.normed.or_none
        multiplier = self.model.family.logit_multiplier if self.model.unembeds_all else self.model.logit_scale
        if normed is not None and multiplier != 1:  # what the unembedding reads has the scale before it already
            normed = normed * multiplier
        return Run(
            model=self.model,
            tokens=tokens,
            positions=positions,
            embedding=self._embedding(),
            position_embedding=self._position_embedding(),
            layers=tuple(_layer(seen) for seen in self._blocks),
            final=final,
            normed=final if normed is None else normed,
            uncapped_logits=self._uncapped(logits),
            logits=logits,
            embedding_normed=ends.embedding_normed.or_none,
            token_type_embedding=ends.token_type_embedding.or_none,
            embedding_projected=ends.embedding_projected.or_none,
            head=self._head(),
            whole_final=ends.whole_final.value,
            calls=tuple(_block_call(seen) for seen in self._blocks if seen.call.or_none is not None),
            weight_edits=self.model.weight_edits,
        )

    def _embedding(self) -> Tensor:
        embedding, position_embedding = self._ends.embedding.or_none, self._ends.position_embedding.or_none
        within = self.model.family.prefix is not None and self.model.source is not None
        if embedding is None or within:  # an image stands in the place of embeddings
            start = self._ends.start.value
            return start if position_embedding is None else start - position_embedding
        return embedding if self.model.embedding_scale == 1 else embedding * self.model.embedding_scale

    def _position_embedding(self) -> Tensor | None:
        computed = self.model.family.computed_positions
        return self._ends.start.value - self._embedding() if computed else self._ends.position_embedding.or_none

    def _head(self) -> HeadStates | None:
        ends = self._ends
        if self.model.prediction_head is None:
            return None
        return HeadStates(ends.head_read.value, ends.head_dense.value, ends.head_activated.value)

    def _uncapped(self, logits: Tensor) -> Tensor:
        found = self._ends.logits.or_none
        if found is None:  # an encoder
            return logits
        multiplier = self.model.family.logit_multiplier
        found = found if multiplier == 1 else found * multiplier
        return self._select(self.model.biased(found)) if self.model.unembeds_all else found


def _write(seen: Seen[Tensor], other: Seen[Tensor], beside: Sequence[Seen[Tensor]]) -> Tensor:
    """What a sublayer wrote, and what is added beside it: nothing, where the block has none."""
    write = torch.zeros_like(other.value) if seen.or_none is None else seen.value
    return sum((x.value for x in beside), write)


def _heads(seen: _OfBlock) -> Heads | None:
    heads, entered = seen.heads.or_none, seen.entered.or_none
    if heads is None or entered is None:
        return heads
    return replace(heads, z=mixed(heads), entered=entered.view(heads.z.shape))


def _shared(seen: _OfBlock) -> Tensor | None:
    neurons, made, chosen = seen.shared.or_none, seen.of_shared.or_none, seen.of_experts.or_none
    if neurons is None or made is None or chosen is None:
        return neurons
    output = seen.mlp_write.value if seen.mlp_output.or_none is None else seen.mlp_output.value
    return gated(neurons, made, output, chosen)


def _layer(seen: _OfBlock) -> Layer:
    return Layer(
        attention_write=_write(seen.attention_write, seen.mlp_write, seen.beside.get("attention", ())),
        mlp_write=_write(seen.mlp_write, seen.attention_write, seen.beside.get("mlp", ())),
        attention_output=seen.attention_output.or_none,
        mlp_output=seen.mlp_output.or_none,
        heads=_heads(seen),
        neurons=seen.neurons.or_none,
        shared=_shared(seen),
        mixing=seen.mixing.or_none,
        cross_write=seen.cross_write.or_none,
        cross_heads=seen.cross_heads.or_none,
        normed={stage: normed.value for stage, normed in seen.normed.items()},
    )


def _block_call(seen: _OfBlock) -> BlockCall:
    call, attention, cross = seen.call.value, seen.attention_call.or_none, seen.cross_attended.or_none
    attended = seen.attended.or_none
    if attended is None:  # a mixer, or nothing, in the place of attention
        kept = seen.stream.value.kept
        attended = _Attended(kept.new_zeros(0, len(kept), 0), kept.new_zeros(0, len(kept), 0), None)
    return BlockCall(
        stream=seen.stream.value,
        args=call.args,
        kwargs=call.kwargs,
        attention_args=() if attention is None else attention.args,
        attention_kwargs={} if attention is None else attention.kwargs,
        query=attended.query,
        key=attended.key,
        mask=attended.mask,
        cross_query=None if cross is None else cross.query,
        cross_key=None if cross is None else cross.key,
        cross_mask=None if cross is None else cross.mask,
    )
