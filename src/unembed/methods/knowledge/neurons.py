"""Knowledge neurons: the neurons in which a fact is stored.

Dai et al., *Knowledge Neurons in Pretrained Transformers*, 2022, section 4. For each prompt of a
fact, knowledge attribution gives every neuron a value. Then

    above(t)      the neurons whose value is more than `t` times the prompt's maximum           (paper: t = 0.2)
    kept(p)       of these, the ones above `t` in at least the share `p` of the fact's prompts  (paper: p = 0.7)
    refined(s)    of these, the ones that at most the share `s` of the other facts keep as well

The paper calls the vote over prompts its refining; dropping what other facts keep is ours (the paper does it before an
update, at 10 %). find.py does all of it, and keeps the values.

What most facts of a relation keep (`relation_neurons`) belongs to the relation: to the form of the question, or to what
all its answers have in common. What is left after refining belongs to the fact. Selections are candidates; that they
carry the fact is shown by intervening (`probabilities`), beside as many random active neurons (`random_neurons`).
"""

import re
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import Question
from unembed.errors import InputError, all_or_nothing
from unembed.methods.active_neurons import AMONG, draw, others_strongly_active
from unembed.models.cloze import blank_in_source
from unembed.models.model import Model
from unembed.models.sites import Site, neurons_of
from unembed.runs.record import record
from unembed.seeds import generator

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, order=True)
class Neuron:
    """A neuron by its place; in a mixture it has an expert as well."""

    layer: int
    neuron: int
    expert: int | None = None
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""

    @property
    def label(self) -> str:
        """`L24.N1005`, `L24.E2.N17`, `enc.L3.N17`."""
        return self.site(None).label

    def site(self, positions: tuple[int, ...] | None) -> Site:
        """Its activation, at some positions."""
        place = {"layer": self.layer, "expert": self.expert, "neuron": self.neuron, "encoder": self.encoder}
        return Site(kind="neuron", positions=positions, **place)


def parse_neuron(text: str) -> Neuron:
    """`L24.N1005`, `L24.E2.N17` or, inside an encoder, `enc.L3.N17` as a neuron.

    Raises:
        InputError: it has another form.
    """
    match = re.fullmatch(r"(enc\.)?L(\d+)(?:\.E(\d+))?\.N(\d+)", text.strip(), re.IGNORECASE)
    if match is None:
        raise InputError(f"Expected a neuron such as L24.N1005 (in a mixture L24.E2.N17), found {text!r}.")
    encoder, layer, expert, neuron = match.groups()
    return Neuron(int(layer), int(neuron), None if expert is None else int(expert), encoder is not None)


def above(values: Sequence[Float[Tensor, "*neuron"]], t: float, *, layers: int | None = None) -> frozenset[Neuron]:
    """The neurons whose attribution is more than `t` times the largest; none where no value is positive.

    Args:
        values: one tensor a layer, as an `Attribution` has them.
        t: the share.
        layers: how many of them are the decoder's, of an encoder-decoder; None is all.
    """
    top = max(float(value.nan_to_num(-torch.inf).max()) for value in values)
    if top <= 0:
        return frozenset()
    found = []
    for layer, value in enumerate(values):
        for place in (value > t * top).nonzero().tolist():
            encoder = layers is not None and layer >= layers
            number = layer - (layers or 0) if encoder else layer
            found.append(Neuron(number, place[-1], place[0] if len(place) == 2 else None, encoder))
    return frozenset(found)


def kept(prompts: Sequence[Collection[_Key]], p: float) -> frozenset[_Key]:
    """The neurons that at least the share `p` of the prompts have."""
    votes = Counter(neuron for prompt in prompts for neuron in prompt)
    return frozenset(neuron for neuron, count in votes.items() if count >= p * len(prompts) - 1e-9)


def refined(facts: Mapping[_Key, Collection[Neuron]], fact: _Key, shared: float) -> frozenset[Neuron]:
    """The fact's neurons without those that more than the share `shared` of the other facts have as well."""
    others = [set(neurons) for other, neurons in facts.items() if other != fact]
    votes = Counter(neuron for neurons in others for neuron in neurons)
    return frozenset(neuron for neuron in facts[fact] if votes[neuron] <= shared * len(others) + 1e-9)


def relation_neurons(facts: Mapping[_Key, Collection[Neuron]], share: float) -> frozenset[Neuron]:
    """The neurons that at least this share of the facts have."""
    return kept(list(facts.values()), share)


@dataclass(frozen=True)
class Criteria:
    """When a neuron is a fact's own.

    Raises:
        InputError: `t` or `p` outside (0, 1], or `share` outside [0, 1].
    """

    t: float = 0.2
    """Share of the maximum above which a neuron counts."""
    p: float = 0.7
    """Share of a fact's prompts in which it must."""
    share: float = 0.2
    """Share of other facts that may have it as well."""

    def __post_init__(self) -> None:
        for name, value in (("t", self.t), ("p", self.p)):
            if not 0 < value <= 1:
                raise InputError(f"Expected {name} above 0 and at most 1, found {value:g}.")
        if not 0 <= self.share <= 1:
            raise InputError(f"Expected share between 0 and 1, found {self.share:g}.")


def scaled(
    neurons: Collection[Neuron],
    factor: float,
    positions: tuple[int, ...] | None,
    source: tuple[int, ...] | None = None,
) -> list[Edit]:
    """The intervention that scales some neurons: 0 suppresses, 2 amplifies. None of them is no change.

    Args:
        neurons: of any stack.
        factor: what their activations are multiplied by.
        positions: where, in the prompt; None is everywhere.
        source: where in the source those of an encoder are scaled; None is everywhere.
    """
    if not neurons:  # an edit that changes nothing, so that an empty selection is a version like any other
        return [edits.scale(Site(kind="resid_post", layer=-1, positions=positions), 1.0)]
    chosen = sorted(neurons, key=_place)
    return [edits.scale(neuron.site(source if neuron.encoder else positions), factor) for neuron in chosen]


def _place(neuron: Neuron) -> tuple[bool, int, int, int]:
    return not neuron.encoder, neuron.layer, -1 if neuron.expert is None else neuron.expert, neuron.neuron


@all_or_nothing()
def probabilities(
    model: Model,
    asked: Question,
    selections: Sequence[Collection[Neuron]],
    factor: float,
    *,
    memory: int | None = None,
) -> Float[Tensor, "selection"]:
    """The answer's probability with each selection scaled by `factor` where the answer is predicted; neurons of an
    encoder at the blank of the source, or everywhere in one without a blank. Exact."""
    run = record(model, asked.tokens, positions=asked.positions)
    source = None if model.encoder is None else blank_in_source(model, asked.prompt)
    interventions = [scaled(selection, factor, asked.positions, source) for selection in selections]
    return counterfactuals(run, interventions, asked.probability, at=asked.positions, memory=memory).double()


def random_neurons(
    model: Model, asked: Question, like: Collection[Neuron], *, seed: int = 0, active: bool = True
) -> frozenset[Neuron]:
    """As many random neurons of the same layers as `like` has, none of them its own: a control. Dense layers only.

    Args:
        model: from `load` or `wrap`.
        asked: the question.
        like: what it is a control of.
        seed: of the draw.
        active: draw from those strongly active (controls.py) where the first token of the answer is predicted, the
            harder control; False draws from all that fire there.

    Raises:
        InputError: a layer is a mixture of experts, or has too few other active neurons.
    """
    run = record(model, asked.tokens, positions=asked.positions)
    random = generator(seed)
    found: list[Neuron] = []
    for encoder, layer in sorted({(neuron.encoder, neuron.layer) for neuron in like}):
        stack = run.encoder if encoder else run
        if stack.model.blocks[layer].experts is not None:
            raise InputError(
                f"Layer {layer} is a mixture of experts: random controls are drawn from dense layers only."
            )
        taken = {(None, neuron.neuron) for neuron in like if (neuron.encoder, neuron.layer) == (encoder, layer)}
        least = AMONG * len(taken) if active else neurons_of(stack.model, layer)
        position = blank_in_source(model, asked.prompt)[0] if encoder else asked.positions[0]
        pool = others_strongly_active(stack, layer, taken, least, position=position)
        if len(pool) < len(taken):
            raise InputError(
                f"Layer {layer} has {len(pool)} other active neurons: there are not {len(taken)} for a control."
            )
        found += [Neuron(layer, neuron, encoder=encoder) for _, neuron in draw(pool, len(taken), random)]
    return frozenset(found)
