"""Key-value memory: what a neuron fires on, and what it then writes.

Geva et al., *Transformer Feed-Forward Layers Are Key-Value Memories*, 2021. A neuron's key is what its activation
responds to: here its `triggers`, the passages of a text in which `|activation|` is largest, each with the token on
which it fires. Its value is the row of W_out that it adds to the stream, read through the unembedding:

    value logits  =  W_U (gain * C(v_n))          gain and centring of the final norm (and of a block's post-norm)

the largest it `promotes`, the smallest it suppresses; for a negative activation the other way round. Key and value
agree where the token that follows a trigger in the text is one that the value promotes there:

    agreement  =  share of triggers whose next token is among the `among` most promoted
    top match  =  whether the most promoted token follows the strongest trigger (the paper's, over neurons)

Exact, with the scale of the norms left out: it changes no ranking. The first token of a passage is left out, since it
draws attention whatever it is and many neurons are huge there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, counted
from unembed.models.model import Block, Model, value_rows
from unembed.models.prompts import tokenize
from unembed.models.refusals import check_has_neurons, next_token_only, no_prediction_head
from unembed.models.reprs import Brief
from unembed.models.sites import Site, neurons_of, resolve
from unembed.progress import Progress, silent
from unembed.runs.activations import activations

_AT_A_BLANK = "What neurons write at a blank, and what that promotes: unembed explain, of a sentence with a blank."


@dataclass(frozen=True)
class Trigger:
    """A place in the text where a neuron fires."""

    passage: int
    position: int
    token: int
    next: int | None
    """The token that follows in the text; None at its end."""
    activation: float
    rank: int | None
    """Of the next token among those that the value promotes at this sign of the activation; 1 is the first."""


@dataclass(frozen=True, repr=False)
class NeuronMemory(Brief):
    """One neuron as a key and a value."""

    site: Site
    triggers: tuple[Trigger, ...]
    """The strongest first, at most one a passage."""
    promotes: tuple[int, ...]
    """Tokens, the most promoted first, where the activation is positive."""
    suppresses: tuple[int, ...]
    """The most suppressed first; what a negative activation promotes."""
    agreement: float | None
    """None where no trigger is followed by a token."""

    @property
    def top_match(self) -> bool:
        """Whether the most promoted token follows the strongest trigger."""
        return bool(self.triggers) and self.triggers[0].rank == 1


@dataclass(frozen=True, repr=False)
class Memory(Brief):
    """Neurons of one layer, read against a text. Made by `memory` and `layer_memory`."""

    model: Model
    passages: tuple[tuple[int, ...], ...]
    neurons: tuple[NeuronMemory, ...]
    among: int


def memory(
    model: Model,
    sites: Sequence[Site],
    texts: Sequence[str],
    *,
    top: int = 10,
    among: int = 10,
    progress: Progress = silent,
) -> Memory:
    """Some neurons as key-value memories.

    Args:
        model: from `load` or `wrap`.
        sites: of kind neuron, each of one neuron.
        texts: passages; a key is only as good as the text it is read from.
        top: triggers of each neuron.
        among: promoted tokens that are listed, and that count for the agreement.
        progress: called after each batch.

    Raises:
        InputError: no such neuron, a text without a passage of two tokens, or a masked language model, where no token
            follows.
    """
    check_has_neurons(model)
    next_token_only(model, "A key-value memory", instead=_AT_A_BLANK)
    passages = _passages(model, texts)
    sites = [_neuron(model, site) for site in sites]
    found: dict[Site, NeuronMemory] = {}
    for layer, expert in dict.fromkeys((site.layer, site.expert) for site in sites):
        peaks = _peaks(model, layer, expert, passages, progress)
        for site in sites:
            if (site.layer, site.expert) == (layer, expert):
                found[site] = _read(model, site, passages, peaks, top, among)
    return Memory(model, passages, tuple(found[site] for site in sites), among)


def layer_memory(
    model: Model,
    layer: int,
    texts: Sequence[str],
    *,
    expert: int | None = None,
    neurons: int = 10,
    top: int = 10,
    among: int = 10,
    progress: Progress = silent,
) -> Memory:
    """The neurons of a layer (of an expert) that write most on a text: by their largest `|activation| * |value row|`.

    Raises:
        InputError: no such layer or expert, a text without a passage of two tokens, or a masked language model.
    """
    next_token_only(model, "A key-value memory", instead=_AT_A_BLANK)
    first = _neuron(model, Site(kind="neuron", layer=layer, expert=expert, neuron=0))
    passages = _passages(model, texts)
    peaks = _peaks(model, first.layer, first.expert, passages, progress)
    sizes = value_rows(model.blocks[first.layer], first.expert).double().norm(dim=1)
    strongest = (
        (peaks.activation.abs().amax(0).double() * sizes).topk(min(counted(neurons), len(sizes))).indices.tolist()
    )
    sites = [_neuron(model, Site(kind="neuron", layer=layer, expert=expert, neuron=n)) for n in strongest]
    return Memory(model, passages, tuple(_read(model, s, passages, peaks, top, among) for s in sites), among)


def _neuron(model: Model, site: Site) -> Site:
    if site.kind != "neuron" or site.neuron is None:
        raise InputError(f"Expected one neuron, found {site.label}.")
    found = resolve(site, model, 1)
    return Site(kind="neuron", layer=found.layer, expert=found.expert, neuron=found.neuron)


def _passages(model: Model, texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    found = tuple(tokens for tokens in (tokenize(model, text) for text in texts) if len(tokens) > 1)
    if not found:
        raise InputError("A memory is read from a text: expected at least one passage of two tokens.")
    return found


@dataclass(frozen=True)
class _Peaks:
    """Where in each passage each neuron's `|activation|` is largest."""

    activation: Float[Tensor, "passage neuron"]
    position: Tensor


def _peaks(
    model: Model, layer: int, expert: int | None, passages: Sequence[Sequence[int]], progress: Progress
) -> _Peaks:
    width = neurons_of(model, layer)
    activation = torch.zeros(len(passages), width)
    position = torch.zeros(len(passages), width, dtype=torch.long)
    for i, found in activations(model, layer, passages, expert=expert, progress=progress):
        later = found[1:].float().cpu()
        position[i] = later.abs().argmax(0) + 1
        activation[i] = later.gather(0, position[i][None] - 1)[0]
    return _Peaks(activation, position)


def _read(
    model: Model, site: Site, passages: Sequence[Sequence[int]], peaks: _Peaks, top: int, among: int
) -> NeuronMemory:
    assert site.neuron is not None
    logits = value_logits(model, site)
    order = peaks.activation[:, site.neuron].abs().argsort(descending=True, stable=True)[: counted(top)].tolist()
    triggers = [_trigger(site.neuron, i, passages[i], peaks, logits) for i in order]
    triggers = [trigger for trigger in triggers if trigger.activation]  # an expert that was never chosen
    followed = [trigger.rank for trigger in triggers if trigger.rank is not None]
    return NeuronMemory(
        site=site,
        triggers=tuple(triggers),
        promotes=tuple(logits.topk(min(counted(among), len(logits))).indices.tolist()),
        suppresses=tuple((-logits).topk(min(among, len(logits))).indices.tolist()),
        agreement=sum(rank <= among for rank in followed) / len(followed) if followed else None,
    )


def _trigger(neuron: int, index: int, passage: Sequence[int], peaks: _Peaks, logits: Tensor) -> Trigger:
    position, activation = int(peaks.position[index, neuron]), float(peaks.activation[index, neuron])
    follows = passage[position + 1] if position + 1 < len(passage) else None
    promoted = logits if activation >= 0 else -logits
    rank = None if follows is None else int((promoted > promoted[follows]).sum()) + 1
    return Trigger(index, position, passage[position], follows, activation, rank)


@torch.no_grad()
def value_logits(model: Model, site: Site) -> Float[Tensor, "vocab"]:
    """What a neuron's value row adds to the logits at activation 1, the scales of the norms left out."""
    no_prediction_head(model, "What a neuron promotes")
    block: Block = model.blocks[site.layer]
    row = value_rows(block, site.expert)[site.neuron].double()
    one = torch.ones((), dtype=torch.float64, device=row.device)
    row = row if block.mlp_norm is None else block.mlp_norm.pushforward(row, one)
    row = model.final_norm.pushforward(row, one)
    dtype = torch.promote_types(model.dtype, torch.float32)
    return torch.cat([rows.to(dtype) @ row.to(dtype) for rows in model.unembedding.split(16384)]).cpu()
