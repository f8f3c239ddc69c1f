"""Run: one forward pass, kept. Made by `record` (record.py).

It holds what the parts of each block did at some positions, for taking the run apart; and how each block was called,
for counterfactual versions: a walk can go on with a changed stream, from any layer and position on, while what came
before is taken from here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.blanks import Blank, asked_position
from unembed.models.chat import Message
from unembed.models.kinds import KINDS
from unembed.models.model import Model, Stage
from unembed.models.parts import Address, site_of
from unembed.models.prediction_head import HeadStates
from unembed.models.prompts import absolute_position
from unembed.models.sites import resolve
from unembed.models.targets import target_token
from unembed.runs.block import BlockAt
from unembed.runs.kept import BlockCall, Layer, State
from unembed.runs.predictions import Prediction, all_predictions_from, prediction_from, predictions_from
from unembed.runs.result import Result
from unembed.runs.states import StreamLayer, state_of


@dataclass(frozen=True)
class Run(Result[Prediction]):
    """One forward pass of a model, kept. Made by `record`; axes named `query` run over `positions`.

    As a result it is what the model predicts after the last kept position, one entry a token of the vocabulary.
    """

    measure = "probability"

    model: Model
    tokens: tuple[int, ...]
    """The prompt, with the special tokens that the tokenizer adds."""
    positions: tuple[int, ...]
    """Where logits, writes, patterns and activations were kept."""
    embedding: Float[Tensor, "query d_embedding"]
    position_embedding: Float[Tensor, "query d_embedding"] | None
    layers: tuple[Layer, ...]
    """What each block did."""
    final: Float[Tensor, "query d_model"]
    """The stream after the last block, as the final norm read it."""
    normed: Float[Tensor, "query d_unembedding"]
    """What the unembedding read: after the final norm, a logit scale and a prediction head."""
    uncapped_logits: Float[Tensor, "query vocab"]
    """What the unembedding gave, before a soft-cap."""
    logits: Float[Tensor, "query vocab"]
    """The model's own logits."""
    embedding_normed: Float[Tensor, "query d_embedding"] | None = None
    """What a norm made of the embeddings, where there is one."""
    token_type_embedding: Float[Tensor, "query d_embedding"] | None = None
    embedding_projected: Float[Tensor, "query d_model"] | None = None
    """The stream before the first block, where a layer made it of narrower embeddings."""
    head: HeadStates | None = None
    """What passed through a prediction head."""
    whole_final: Float[Tensor, "position d_model"] | None = None
    """`final` at every position; None in a step of a generation, which runs no position but its own."""
    calls: tuple[BlockCall, ...] = ()
    """How each block was called, for versions of the run; empty where only the stream was kept."""
    question: int | None = None
    """Where it is asked, if that is not where its tokens ask (`asked`)."""
    text: str | None = None
    """The prompt as it was written; None where it was given as token ids."""
    messages: tuple[Message, ...] = ()
    """Of a chat, as they were given; empty for other prompts."""
    roles: tuple[str | None, ...] = ()
    """Of each token of a chat whose words it holds ("user", "template"); empty for other prompts."""
    weight_edits: tuple[Any, ...] = ()
    """The `WeightEdits` that the module's weights carried when it ran."""
    beginning_of: "Run | None" = None
    """The run that it is a prefix of (prefix.py)."""
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What a method found out about this run and will be asked for again, under a key of its own."""

    def __repr__(self) -> str:
        kept = "all positions" if len(self.positions) == len(self.tokens) else f"positions {list(self.positions)}"
        what = "" if self.has_parts else ", the stream only"
        return f"Run({self.model.name}, {self.length} tokens, {kept} kept{what})"

    @property
    def length(self) -> int:
        """Of the prompt, in tokens."""
        return len(self.tokens)

    @cached_property
    def asked(self) -> int:
        """The position that a question is about unless it says another: the last one, or a masked model's blank.

        Raises:
            InputError: a masked language model whose prompt has no blank.
        """
        return asked_position(self.model, self.tokens) if self.question is None else self.question

    @property
    def has_parts(self) -> bool:
        """Whether heads, neurons and calls were kept, not the stream only."""
        return bool(self.calls) or not self.layers

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
                "Record the prompt with the model that is asked about (record)."
            )
        if not same_source(mine, model):
            raise InputError(
                f"The run is of another source than the one that {model.name} was given (with_source).\n"
                "Record the prompt with the model that is asked about (record)."
            )
        now = model.weight_edits
        if len(now) != len(self.weight_edits) or any(a is not b for a, b in zip(now, self.weight_edits, strict=True)):
            then = "; ".join(edits.description for edits in self.weight_edits) or "none"
            raise InputError(
                f"The weights of {model.name} are no longer those of the run: it was recorded under the edits "
                f"({then}), the module is now under ({'; '.join(model.edits) or 'none'}).\n"
                "Record the prompt again (record), or read the run under the edits it was recorded under."
            )

    def check_has_calls(self) -> None:
        """Refuse a run of which no versions can be made.

        Raises:
            InputError: only its stream was kept.
        """
        if not self.has_parts:
            raise InputError(
                "This run kept its stream only, and versions of a run need how each block was called: record it with "
                "keep='all'."
            )

    # What was predicted

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "probability"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the source."""
        return () if self.model.source is None else self.model.source.notes

    def entries(self) -> tuple[Prediction, ...]:
        """What the model gives each token of the vocabulary after the last kept position, or at the blank of a masked
        model, by token id."""
        return all_predictions_from(self.model, self.logits[self.row() if self.model.fills_blanks else -1])

    def columns(self, entry: Prediction) -> dict[str, Any]:
        """A prediction, its token by text."""
        return {
            "token": f"id:{entry.token}" if entry.text is None else entry.text,
            "id": entry.token,
            "logit": entry.logit,
            "probability": entry.probability,
            "rank": entry.rank,
        }

    def top(self, count: int = 5, *, position: int | None = None) -> tuple[Prediction, ...]:
        """The top predictions at a kept position, best first.

        Raises:
            InputError: the position is out of range, or was not kept.
        """
        return predictions_from(self.model, self.logits[self.row(position)], count)

    def token(self, target: str | int | None = None, *, position: int | None = None) -> int:
        """The id of a target at a kept position; without one, of the top prediction there.

        Raises:
            InputError: the target is not in the vocabulary; the position is out of range, or was not kept.
        """
        if target is None:
            return int(self.logits[self.row(position)].argmax())
        return target_token(self.model, target, self.text_before(position))

    def prediction(self, token: str | int, *, position: int | None = None) -> Prediction:
        """What the model gave a token, named by its text or id, at a kept position.

        Raises:
            InputError: the token is not in the vocabulary; the position is out of range, or was not kept.
        """
        return prediction_from(self.model, self.logits[self.row(position)], self.token(token, position=position))

    def text_before(self, position: int | None = None) -> str | tuple[int, ...] | Blank:
        """What a target at a position follows: the prompt as text where it is known and ends there, else tokens; in a
        masked language model, the blank that it fills."""
        end = self.place(position) + 1
        if self.model.fills_blanks:
            return Blank(self.text, self.tokens, end - 1)
        return self.text if self.text is not None and end == len(self.tokens) else self.tokens[:end]

    # What was kept, by position

    def place(self, position: int | None = None) -> int:
        """A position counted from the start (negative counts from the end); None is where it is asked.

        Raises:
            InputError: out of range, or a masked language model whose prompt has no blank.
        """
        return self.asked if position is None else absolute_position(position, self.length)

    def row(self, position: int | None = None) -> int:
        """The index on the `query` axis of a position, as in `place`.

        Raises:
            InputError: out of range, or not kept in this run.
        """
        absolute = self.place(position)
        if absolute not in self._row_of:
            raise InputError(
                f"Position {absolute} was not kept in this run (kept: {list(self.positions)}).\n"
                "Record with positions=None to keep all."
            )
        return self._row_of[absolute]

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {position: row for row, position in enumerate(self.positions)}

    def keeps(self, positions: Sequence[int]) -> bool:
        """Whether the parts of the sublayers were kept at all of these positions (counted from the start)."""
        return all(p in self._row_of for p in positions)

    @property
    def embeddings(self) -> list[Float[Tensor, "query d_embedding"]]:
        """Those that are summed, in the order in which the model adds them."""
        more = [self.token_type_embedding, self.position_embedding]
        if self.model.family.adds_position_first:
            more.reverse()
        return [self.embedding, *(x for x in more if x is not None)]

    @property
    def start(self) -> Float[Tensor, "query d_embedding"]:
        """The sum of the embeddings."""
        first, *more = self.embeddings
        return sum(more, first)

    @property
    def before_blocks(self) -> Float[Tensor, "query d_model"]:
        """The stream that the first block reads: `start`, or what a norm and a projection made of it."""
        made = (self.embedding_projected, self.embedding_normed)
        return next((x for x in made if x is not None), self.start)

    def states(
        self, rows: slice | int = slice(None), *, below: int | None = None
    ) -> Iterator[tuple[tuple[int, Stage], State]]:
        """The stream after each write, by layer and stage in order, summed from the recorded writes as the model does:
        after each block it is the model's own, bit for bit.

        Args:
            rows: on the `query` axis.
            below: a layer to stop before; None goes through all.
        """
        state = self.before_blocks[rows]
        for index, layer in enumerate(self.layers[:below]):
            before = state
            for stage in layer.stages:
                if stage == "mlp" and self.model.writes_meet_first:
                    summed = before + (layer.attention_write[rows] + layer.mlp_write[rows])
                else:
                    summed = state + layer.write(stage)[rows]
                state = layer.normed[stage][rows] if stage in layer.normed else summed
                yield (index, stage), (summed, state)

    def streams(self) -> Float[Tensor, "layer_plus_one query d_model"]:
        """`resid_pre` of each layer, and last the stream after all of them, summed from the recorded writes."""
        ends = [after for (_, stage), (_, after) in self.states() if stage == "mlp"]
        return torch.stack([self.before_blocks, *ends])

    # What stands at a site

    def before(self, layer: int) -> Float[Tensor, "position d_model"]:
        """The stream that enters block `layer`, at every position.

        A long run of some positions does not hold it: the model runs once more when it is first asked for, and it is
        kept with the run from then on. `entering` gives the kept positions without that.

        Raises:
            InputError: the run kept its stream at some positions only, or must be made again and the module's weights
                were edited since.
        """
        from unembed.runs.streams_again import streams_again  # what records a run stands on what a run is

        self.check_has_calls()
        found = self.calls[layer].stream.everywhere
        return streams_again(self)[layer] if found is None else found

    def entering(self, layer: int, positions: Int[Tensor, "token"]) -> Float[Tensor, "token d_model"]:
        """The stream that enters block `layer` at some positions, as `before`."""
        self.check_has_calls()
        stream, wanted = self.calls[layer].stream, positions.tolist()
        if stream.everywhere is None and self.keeps(wanted):
            return stream.kept[self.rows(wanted)]
        return self.before(layer)[positions]

    def leaving(self, layer: StreamLayer, positions: Int[Tensor, "token"]) -> Float[Tensor, "token d_model"]:
        """The stream after block `layer` at some positions, as `after`."""
        state = state_of(layer, self.model.layers)
        return self.after(layer)[positions] if state == self.model.layers else self.entering(state, positions)

    def lengths(self, layer: int) -> Float[Tensor, "position"]:
        """The norm of the stream that enters block `layer`, at every position, in float64."""
        self.check_has_calls()
        found = self.calls[layer].stream.lengths
        return self.before(layer).double().norm(dim=-1) if found is None else found

    @torch.no_grad()
    def attention_input(self, layer: int, positions: Sequence[int] | None = None) -> Float[Tensor, "position d_model"]:
        """What the attention of block `layer` made queries, keys and values of: the stream, normed where the family
        norms it. It is not kept: the module's own norm makes it again, bit for bit.

        Args:
            layer: a block.
            positions: where it is asked for; None is everywhere. Of kept ones nothing is run again (`entering`).

        Raises:
            InputError: the run kept its stream at some positions only.
        """
        norm = self.model.blocks[layer].attention_input_norm
        if positions is None:
            stream = self.before(layer)
        else:
            stream = self.entering(layer, torch.tensor(positions, device=self.model.device))
        return stream if norm is None else norm(stream[None])[0]

    def after(self, layer: StreamLayer) -> Float[Tensor, "position d_model"]:
        """The stream after block `layer`, at every position; "emb" is what enters the first block.

        Raises:
            InputError: no such block, or the run kept its stream at some positions only.
        """
        state = state_of(layer, self.model.layers)
        if state == self.model.layers and self.whole_final is not None:
            return self.whole_final
        return self.before(state)

    @property
    def encoder(self) -> "Run":
        """The run of the encoder over the source that this run reads (`source_run`), at whose sites `enc.` points.

        Raises:
            InputError: the model has no encoder, or the module's weights were edited since.
        """
        from unembed.runs.encoder import source_run  # what records a run stands on what a run is

        return source_run(self)

    @torch.no_grad()
    def at(self, site: Address) -> Float[Tensor, "position *value"]:
        """The value of a site in this run, one row a position of the site.

        Args:
            site: an address, a part, or a name of one (`L23.H4`, `L3 resid_pre @ 5`); without positions it is of all.

        Raises:
            InputError: there is no such site, or the run kept its part at other positions only, or not at all.
        """
        site = resolve(site_of(site), self.model, self.length)
        if site.encoder:
            return self.encoder.at(replace(site, encoder=False))
        where = torch.tensor(site.positions, device=self.model.device)
        self.check_has_calls()
        return KINDS[site.kind].read(BlockAt(self, site.layer, where, site.entries))

    def __getitem__(self, site: Address) -> Float[Tensor, "position *value"]:
        """As `at`: `run["L23.H4"]`."""
        return self.at(site)

    @torch.no_grad()
    def whole(self, kind: str, layer: int, positions: Tensor) -> Tensor:
        """A quantity with all its heads, neurons or experts, at some positions."""
        self.check_has_calls()
        return KINDS[kind].read(BlockAt(self, layer, positions))

    def rows(self, positions: Sequence[int]) -> Int[Tensor, "position"]:
        """Where positions stand on the axes named `query` of what the run kept.

        Raises:
            InputError: not all were kept.
        """
        missing = [p for p in positions if p not in self._row_of]
        if missing:
            raise InputError(
                f"This run kept its parts at positions {list(self.positions)} only, not at {missing}.\n"
                "Record it with positions=None to keep all."
            )
        return torch.tensor([self._row_of[p] for p in positions], dtype=torch.long, device=self.model.device)


def same_source(one: Model, other: Model) -> bool:
    """Whether two models read the same: the same source object, or equal inputs of it."""
    a, b = one.source, other.source
    if a is None or b is None or a is b:
        return a is b
    return a.inputs.keys() == b.inputs.keys() and all(torch.equal(a.inputs[name], b.inputs[name]) for name in a.inputs)
