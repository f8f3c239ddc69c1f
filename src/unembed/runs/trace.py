"""Trace: one recorded run. Made by `record` (record.py)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model, Stage
from unembed.models.prompts import absolute_position
from unembed.models.reprs import Brief, short


@dataclass(frozen=True, repr=False)
class Heads(Brief):
    """What the attention heads of one layer did at the kept positions."""

    pattern: Float[Tensor, "head query key"]
    """Attention probabilities, after mask, soft-cap and sink."""
    value: Float[Tensor, "kv_head key d_head"]
    """At every source position; head `h` reads `value[h * kv_head // head]`."""
    z: Float[Tensor, "query head d_head"]
    """The mix of values before the output projection: `z = pattern @ value`."""


@dataclass(frozen=True, repr=False)
class ExpertInputs(Brief):
    """What entered the experts of a mixture at the kept positions."""

    hidden: Float[Tensor, "query d_model"]
    index: Int[Tensor, "query slot"]
    """The experts the router chose."""
    weight: Float[Tensor, "query slot"]
    """Their router weights."""


@dataclass(frozen=True, repr=False)
class Layer(Brief):
    """What one block did at the kept positions."""

    attention_write: Float[Tensor, "query d_model"]
    mlp_write: Float[Tensor, "query d_model"]
    attention_output: Float[Tensor, "query d_model"] | None
    """Before the post-norm, in a block that has one; else None."""
    mlp_output: Float[Tensor, "query d_model"] | None
    heads: Heads | None
    neurons: Float[Tensor, "query neuron"] | ExpertInputs | None
    """Neuron activations (what enters the down projection), or a mixture's inputs."""
    cross_write: Float[Tensor, "query d_model"] | None = None
    """Of the cross-attention, in a decoder that reads an encoder; else None."""
    cross_heads: Heads | None = None
    """Its heads; their keys are source positions."""
    normed: Mapping[Stage, Float[Tensor, "query d_model"]] = field(default_factory=dict, hash=False)
    """Post-LN: the stream after the norm that follows a write."""

    def write(self, stage: Stage) -> Float[Tensor, "query d_model"]:
        """What a sublayer added to the stream."""
        found = {"attention": self.attention_write, "cross_attention": self.cross_write, "mlp": self.mlp_write}[stage]
        assert found is not None
        return found

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What wrote, in order."""
        return ("attention", "mlp") if self.cross_write is None else ("attention", "cross_attention", "mlp")


@dataclass(frozen=True, repr=False)
class BlockCall(Brief):
    """How the model called one block, and what its attention read: all that a counterfactual walk needs of it."""

    args: tuple[Any, ...]
    """The first is the stream before the block, `1 position d_model`."""
    kwargs: dict[str, Any]
    attention_args: tuple[Any, ...]
    """How the block called its attention; see `attention_input`."""
    attention_kwargs: dict[str, Any]
    query: Float[Tensor, "head position d_head"]
    """As the scores read it: after norms and rotary embedding. So are the keys."""
    key: Float[Tensor, "kv_head position d_head"]
    mask: Tensor | None
    """Added to the scores: `1 head_or_1 position position`."""
    cross_query: Float[Tensor, "head position d_head"] | None = None
    cross_key: Float[Tensor, "head source d_head"] | None = None
    cross_mask: Tensor | None = None
    """Added to the scores of the cross-attention: `1 head_or_1 position_or_1 source`."""

    @property
    def attention_input(self) -> Float[Tensor, "position d_model"]:
        """What attention made its queries, keys and values of: the stream, normed where the family norms it."""
        found = self.attention_args[0] if self.attention_args else self.attention_kwargs["hidden_states"]
        return found[0]


State = tuple[Float[Tensor, "*query d_model"], Float[Tensor, "*query d_model"]]
"""The stream after a write, before and after the norm that follows it: the same without one."""


@dataclass(frozen=True)
class Trace:
    """One run, kept at `positions`. Made by `record`; axes named `query` run over `positions`."""

    model: Model
    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    embedding: Float[Tensor, "query d_model"]
    position_embedding: Float[Tensor, "query d_model"] | None
    layers: tuple[Layer, ...]
    final: Float[Tensor, "query d_model"]
    """The stream after the last block, as the final norm read it."""
    normed: Float[Tensor, "query d_model"]
    """What the unembedding read: after the final norm and a logit scale."""
    uncapped_logits: Float[Tensor, "query vocab"]
    """What the unembedding gave, before a soft-cap."""
    logits: Float[Tensor, "query vocab"]
    """The model's own logits."""
    embedding_normed: Float[Tensor, "query d_model"] | None = None
    """The stream before the first block, where a norm made it of the embeddings."""
    weight_edits: tuple[Any, ...] = ()
    """The `WeightEdits` that the module's weights carried when it ran."""

    def __repr__(self) -> str:
        kept = (
            "all positions" if len(self.positions) == len(self.tokens) else f"positions {short(list(self.positions))}"
        )
        return f"Trace({self.model.name}, {len(self.tokens)} tokens, {kept} kept)"

    def check_made_by(self, model: Model) -> None:
        """Refuse a run whose numbers the weights of `model` do not explain.

        A run of the same module with the same source is good under the very edits of weights it was recorded under.

        Raises:
            InputError: it is of another module or source, or the module's weights were edited since, or restored.
        """
        mine = self.model
        if mine.module is not model.module:
            raise InputError(
                f"The run is of another model: it was recorded with {mine!r}, and is asked about with {model!r}"
                f"{', another module' if repr(mine) == repr(model) else ''}.\n"
                "Record the prompt with the model that is asked about (base_run)."
            )
        if not _same_source(mine, model):
            raise InputError(
                f"The run is of another source than the one that {model.name} was given (with_source).\n"
                "Record the prompt with the model that is asked about (base_run)."
            )
        now = model.weight_edits
        if len(now) != len(self.weight_edits) or any(a is not b for a, b in zip(now, self.weight_edits, strict=True)):
            then = "; ".join(edits.description for edits in self.weight_edits) or "none"
            raise InputError(
                f"The weights of {model.name} are no longer those of the run: it was recorded under the edits "
                f"({then}), the module is now under ({'; '.join(model.edits) or 'none'}).\n"
                "Record the prompt again (base_run), or read the run under the edits it was recorded under."
            )

    def row(self, position: int) -> int:
        """The index on the `query` axis of a position (negative counts from the end).

        Raises:
            InputError: out of range, or not kept in this trace.
        """
        absolute = absolute_position(position, len(self.tokens))
        if absolute not in self.positions:
            raise InputError(
                f"Position {absolute} was not kept in this trace (kept: {list(self.positions)}).\n"
                "Record with positions=None to keep all."
            )
        return self.positions.index(absolute)

    def stream(self) -> Float[Tensor, "layer_plus_one query d_model"]:
        """`resid_pre` of each layer, and last the stream after all of them, summed from the recorded writes."""
        ends = [after for (_, stage), (_, after) in self.states() if stage == "mlp"]
        return torch.stack([self.before_blocks, *ends])

    @property
    def start(self) -> Float[Tensor, "query d_model"]:
        """The sum of the embeddings."""
        return self.embedding if self.position_embedding is None else self.embedding + self.position_embedding

    @property
    def before_blocks(self) -> Float[Tensor, "query d_model"]:
        """The stream that the first block reads: `start`, or what a norm made of it."""
        return self.start if self.embedding_normed is None else self.embedding_normed

    def states(
        self, rows: slice | int = slice(None), *, below: int | None = None
    ) -> Iterator[tuple[tuple[int, Stage], State]]:
        """The stream after each write, by layer and stage in order, summed from the recorded writes.

        Args:
            rows: on the `query` axis.
            below: a layer to stop before; None goes through all.
        """
        state = self.before_blocks[rows]
        for index, layer in enumerate(self.layers[:below]):
            for stage in layer.stages:
                summed = state + layer.write(stage)[rows]
                state = layer.normed[stage][rows] if stage in layer.normed else summed
                yield (index, stage), (summed, state)


def _same_source(one: Model, other: Model) -> bool:
    """Whether two models read the same: the same source object, or the same text."""
    a, b = one.source, other.source
    return a is b or (a is not None and b is not None and a.text is not None and a.text == b.text)
