"""The logit lens: what each state of the stream would predict if the model stopped there.

`logits_l = softcap(W_U norm(x_l) + b_U)` with the model's own final norm and unembedding (nostalgebraist, *interpreting
GPT: the logit lens*, 2020). Exact as a readout of `x_l`; it says nothing about what later layers would make of it.

Every state costs one product with the vocabulary matrix, which is a large share of a forward pass of a small model:
only the layers and positions that are asked for are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.models.blanks import blanks
from unembed.models.labels import visible
from unembed.models.model import Model
from unembed.models.prompts import absolute_position
from unembed.models.reprs import Brief
from unembed.models.targets import target_token
from unembed.models.tokens import name_of
from unembed.models.unembedding import unembedded
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run
from unembed.runs.states import StreamLayer, layer_of, state_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RANKS = 16
"""Ranks of a lens's last layers that its repr tells."""
_CHUNK = 128


@dataclass(frozen=True)
class LensCell:
    """One state, read by the lens."""

    layer: int | None
    """None for what enters the first block."""
    position: int
    target: int
    """The id of the followed token."""
    rank: int
    probability: float
    kl: float
    top: int
    """The id of the state's top token."""
    top_probability: float

    @property
    def label(self) -> str:
        """`L3 @ 4`."""
        return f"{'emb' if self.layer is None else f'L{self.layer}'} @ {self.position}"


@dataclass(frozen=True)
class Lens(RunResult[LensCell]):
    """Axes: `state` runs over `layers`, `query` over `positions`."""

    measure = "probability"

    run: Run
    layers: tuple[StreamLayer, ...]
    """The blocks after which the stream was read; "emb" is what enters the first."""
    positions: tuple[int, ...]
    targets: tuple[int, ...]
    """The token followed at each position: the one asked for, or the model's own top prediction there."""
    top_tokens: Int[Tensor, "state query rank"]
    """Token ids, most probable first."""
    top_probability: Float[Tensor, "state query rank"]
    target_probability: Float[Tensor, "state query"]
    target_rank: Int[Tensor, "state query"]
    """1 is the top prediction."""
    kl: Float[Tensor, "state query"]
    """`KL(final prediction || this state's prediction)` in nats."""

    @property
    def states(self) -> int:
        """How many states were read, each at the cost of one product with the vocabulary matrix."""
        return len(self.layers) * len(self.positions)

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "probability of the target"

    def entries(self) -> list[LensCell]:
        """Each state, layer by layer."""
        found = (
            self.target_rank,
            self.target_probability,
            self.kl,
            self.top_tokens[..., 0],
            self.top_probability[..., 0],
        )
        numbers = zip(*(x.flatten().tolist() for x in found), strict=True)
        layers = [None if layer == "emb" else layer for layer in self.layers]
        places = [(layer, *place) for layer in layers for place in zip(self.positions, self.targets, strict=True)]
        return [
            LensCell(layer, position, target, *row)
            for (layer, position, target), row in zip(places, numbers, strict=True)
        ]

    def columns(self, entry: LensCell) -> dict[str, Any]:
        """A state, tokens by their text."""
        return {
            "label": entry.label,
            "layer": entry.layer,
            "position": entry.position,
            "token": self.token_texts[entry.position],
            "target_token": name_of(self.model, entry.target),
            "rank": entry.rank,
            "probability": entry.probability,
            "kl": entry.kl,
            "top_token": name_of(self.model, entry.top),
            "top_probability": entry.top_probability,
        }

    def plot(self) -> "Figure":
        """Draw the target's probability by layer and position, with each state's top token.

        Raises:
            InputError: matplotlib is not installed.
        """
        from unembed.runs.figures import grid

        return self.captioned(
            grid(
                self.target_probability.double().cpu().numpy(),
                rows=[str(layer) for layer in self.layers],
                columns=[visible(self.token_texts[position]) for position in self.positions],
                axes=("after layer", "position"),
                unit=self.unit,
                title="Logit lens: the target's probability, and each state's top token",
                texts=[
                    [visible(name_of(self.model, token)) for token in row] for row in self.top_tokens[..., 0].tolist()
                ],
                share=True,
            )
        )

    def __repr__(self) -> str:
        ranks = [str(int(rank)) for rank in self.target_rank[:, -1]]
        if len(ranks) > _RANKS:
            ranks = ["…", *ranks[-_RANKS:]]
        return (
            f"Lens({self.run.model.name}: {len(self.layers)} layers x {len(self.positions)} positions; "
            f"rank of the target at the last: {' '.join(ranks)})"
        )


@dataclass(frozen=True, repr=False)
class States(Brief):
    """What the stream predicts after each layer, before any token is followed. Made by `read_states`.

    It holds the whole vocabulary for each state (6 MB for one position of a model of 30 layers and 49,152 tokens), so
    that another token of the same position needs no other product with it.
    """

    run: Run
    position: int
    log_probability: Float[Tensor, "state vocab"]
    kept: dict[int, tuple[Tensor, ...]] = field(default_factory=dict, init=False, compare=False)
    """What is of no target (`_Reader.of_states`), by how many top tokens were asked for."""


@prompted
def lens(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    layers: Sequence[StreamLayer] | None = None,
    positions: Sequence[int] | None = None,
    top: int = 5,
    progress: Progress = silent,
) -> Lens:
    """Read the stream of a run at every layer and position asked for.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token to follow; None follows, at each position, what the model predicts there.
        layers: the blocks after which the stream is read, and "emb" for what enters the first; None reads all.
        positions: None reads all; of a recorded run, those that it kept.
        top: how many of each state's top tokens to keep.
        progress: called after each chunk of states.

    Raises:
        InputError: a bad prompt, target, layer or position.
    """
    if positions is None and prompt.run is not None:
        positions = prompt.run.positions
    run = prompt.recorded(positions, keep="stream")
    model = run.model
    if layers is not None and not len(layers):
        raise InputError("No layer is read: expected at least one, or layers=None for all.")
    chosen = range(model.layers + 1) if layers is None else [state_of(layer, model.layers) for layer in layers]
    places = run.positions if positions is None else tuple(absolute_position(p, len(run.tokens)) for p in positions)
    with torch.inference_mode():
        reader = _reader(run, target, places, top)
        states = _states(run, places)[list(chosen)].flatten(0, 1)
        parts = []
        for rows in torch.arange(len(states), device=states.device).split(_CHUNK):
            parts.append(reader.read(_log_probability(model, states[rows]), rows % len(places)))
            progress("logit lens", (int(rows[-1]) + 1) / len(states))
    return _lens(run, reader.targets, chosen, places, parts)


def read_states(run: Run, position: int) -> States:
    """What every layer's state at a kept position predicts, for `follow`."""
    run.check_made_by(run.model)
    place = absolute_position(position, len(run.tokens))
    with torch.inference_mode():
        return States(run, place, _log_probability(run.model, _states(run, (place,))[:, 0]))


def follow(states: States, target: str | int | None = None, *, top: int = 5) -> Lens:
    """The lens at one position, as `lens` gives it, from what was read before.

    Raises:
        InputError: the target is not in the vocabulary.
    """
    run, log_p, places = states.run, states.log_probability, (states.position,)
    with torch.inference_mode():
        targets = _targets(run, target, places)
        query = torch.zeros(len(log_p), dtype=torch.long, device=log_p.device)
        if top not in states.kept:
            states.kept[top] = _reader(run, target, places, top).of_states(log_p, query)
        part = (*states.kept[top], *_of_targets(log_p, targets[query]))
    return _lens(run, targets, range(len(log_p)), places, [part])


def _states(run: Run, positions: tuple[int, ...]) -> Float[Tensor, "state query d_model"]:
    kept = [run.row(p) for p in positions]
    stream = run.streams()[:, kept]
    stream[-1] = run.final[kept]  # the same up to rounding, so that the last row is the model's own prediction
    return stream


def _log_probability(model: Model, x: Float[Tensor, "chunk d_model"]) -> Float[Tensor, "chunk vocab"]:
    return unembedded(model, x)[2].float().log_softmax(-1)


def _token(run: Run, target: str | int) -> int:
    """A target that is followed everywhere; a text without a blank has no place for it."""
    asks = not run.model.fills_blanks or run.question is not None or bool(blanks(run.model, run.tokens))
    return target_token(run.model, target, run.text_before() if asks else None)


def _targets(run: Run, target: str | int | None, positions: tuple[int, ...]) -> Int[Tensor, "query"]:
    """The token that is followed at each position."""
    final = run.logits[[run.row(p) for p in positions]].argmax(-1)
    return final if target is None else torch.full_like(final, _token(run, target))


def _reader(run: Run, target: str | int | None, positions: tuple[int, ...], top: int) -> "_Reader":
    log_final = run.logits[[run.row(p) for p in positions]].float().log_softmax(-1)
    negentropy = (log_final.exp() * log_final).sum(-1)
    most = min(counted(top, "top", least=1), run.model.vocab)
    return _Reader(_targets(run, target, positions), log_final.exp(), negentropy, most)


def _lens(
    run: Run,
    targets: Int[Tensor, "query"],
    states: Sequence[int],
    positions: tuple[int, ...],
    parts: list[tuple[Tensor, ...]],
) -> Lens:
    columns = (torch.cat(column) for column in zip(*parts, strict=True))
    ids, probability, kl, at_target, rank = (x.unflatten(0, (len(states), len(positions))) for x in columns)
    layers: tuple[StreamLayer, ...] = tuple(layer_of(state) for state in states)
    return Lens(run, layers, positions, tuple(targets.tolist()), ids, probability, at_target, rank, kl)


@dataclass(frozen=True)
class _Reader:
    targets: Int[Tensor, "query"]
    final: Float[Tensor, "query vocab"]
    """The model's own probabilities."""
    negentropy: Float[Tensor, "query"]
    top: int

    def read(self, log_p: Float[Tensor, "chunk vocab"], query: Int[Tensor, "chunk"]) -> tuple[Tensor, ...]:
        """Top tokens and probabilities, KL, probability and rank of the target: of states at positions `query`."""
        return (*self.of_states(log_p, query), *_of_targets(log_p, self.targets[query]))

    def of_states(self, log_p: Float[Tensor, "chunk vocab"], query: Int[Tensor, "chunk"]) -> tuple[Tensor, ...]:
        """What is of no target: top tokens and probabilities, and KL."""
        best = log_p.topk(self.top)
        kl = self.negentropy[query] - (self.final[query] * log_p).sum(-1)
        return best.indices, best.values.exp(), kl.clamp_min(0)


def _of_targets(log_p: Float[Tensor, "chunk vocab"], targets: Int[Tensor, "chunk"]) -> tuple[Tensor, ...]:
    """Probability and rank of the target in each state."""
    at_target = log_p.gather(-1, targets[:, None])
    return at_target[:, 0].exp(), (log_p > at_target).sum(-1, dtype=torch.int32) + 1
