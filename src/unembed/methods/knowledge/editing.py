"""Knowledge editing: suppress, amplify, update and erase facts, as reversible edits of weights (weight_edits.py).

    suppress    v_n -> 0      for the value rows of some neurons
    amplify     v_n -> 2 v_n
    erase       v_n -> 0      for the neurons of a whole relation
    update      "value": v_n -> v_n + strength s_n |v_n| (8 e(new) / |e(new)| - e(old) / |e(old)|)    a fact's neurons
                "rome":  a rank-one edit of one layer (rome.py), the stronger editor

The value edit is that of Dai et al. (*Knowledge Neurons in Pretrained Transformers*, 2022, section 5.1: `v_n - lambda_1
t + lambda_2 t'` with lambda_1 = 1, lambda_2 = 8). In their model value rows and embeddings are of one size, activations
are small and hardly ever negative. In a model of today none of this holds, so three things are set here: embeddings are
scaled to the length of the row they are added to; `s_n` is the sign of the neuron's mean activation where the fact is
asked for; and `strength` scales the whole. At 1 the real model is destroyed (a perplexity of 1e26, activations of 20
are common); at `STRENGTH` the new answer begins to win, and other facts begin to be lost. `e` is the row of the
unembedding of the answer's first token; where a prediction head stands between the stream and the unembedding (masked
models), it is that row as the head passes it on at the blank, with its ratio and norm frozen (prediction_head.py).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.ledger.readout import readout
from unembed.methods.knowledge.asking import asked_of, reference_texts
from unembed.methods.knowledge.facts import Fact
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.rome import Rome, rome
from unembed.methods.knowledge.weight_edits import WeightEdit, WeightEdits, rank_one, scaled, weight_edits
from unembed.models.blanks import asked_position
from unembed.models.model import Model, value_rows
from unembed.models.prompts import tokenize
from unembed.progress import Progress, silent
from unembed.runs.activations import activations
from unembed.runs.record import record

__all__ = ["Neuron", "Rome", "Value", "amplify", "erase", "suppress", "update"]

Method = Literal["value", "rome"]
AGAINST, TOWARD = 1.0, 8.0
"""`lambda_1` and `lambda_2` of the value edit."""
STRENGTH = 0.05


@dataclass(frozen=True)
class Value:
    """The paper's update: the value rows of a fact's neurons are moved toward the new answer."""

    neurons: Collection[Neuron]
    strength: float = STRENGTH
    """1 is the paper's."""


def suppress(model: Model, neurons: Collection[Neuron]) -> WeightEdits:
    """The edit after which some neurons write nothing, at any position.

    Raises:
        InputError: no neurons, or one that does not exist.
    """
    return _scaled(model, neurons, 0.0, f"suppress {_count(neurons)}")


def amplify(model: Model, neurons: Collection[Neuron]) -> WeightEdits:
    """The edit after which some neurons write twice what they wrote.

    Raises:
        InputError: no neurons, or one that does not exist.
    """
    return _scaled(model, neurons, 2.0, f"amplify {_count(neurons)}")


def erase(model: Model, relation: str, neurons: Collection[Neuron]) -> WeightEdits:
    """The edit that suppresses the neurons of a relation: those that most of its facts share.

    Raises:
        InputError: no neurons, or one that does not exist.
    """
    return _scaled(model, neurons, 0.0, f"erase {relation}: suppress {_count(neurons)}")


def update(
    model: Model,
    fact: Fact,
    to: str,
    *,
    by: Rome | Value = Rome(),
    prompts: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
    progress: Progress = silent,
) -> WeightEdits:
    """The edit after which a fact has another answer. The model is not changed yet.

    Args:
        model: from `load` or `wrap`.
        fact: to be changed.
        to: the new answer, without the space before it.
        by: ROME with its settings, or the value edit of the fact's neurons.
        prompts: those of the fact's that the edit is made with; None takes all. Of a masked model, each gets a blank.
        texts: what ROME should leave alone; None takes statements of other subjects' facts.
        progress: called as the work goes on.

    Raises:
        InputError: no or the same answer, no prompts, no neurons for the value edit, or one that does not exist; ROME
            of a masked language model, or an answer that is no single token at its blank.
    """
    new, chosen = new_target(fact, to), list(fact.prompts if prompts is None else prompts)
    what = f"{fact.relation} of {fact.subject}: {fact.answer} to {to.strip()}"
    if not chosen:
        raise InputError(f"There is no prompt that asks for {fact.subject!r}: expected at least one.")
    if isinstance(by, Rome):
        kept = reference_texts(model, without=fact.subject) if texts is None else texts
        edits = [rome(model, chosen, fact.subject, new, texts=kept, how=by, progress=progress)]
        return weight_edits(model, edits, f"{what}, by ROME")
    return weight_edits(model, _value_edits(model, chosen, fact, new, by), f"{what}, in {_count(by.neurons)}")


def editor(
    method: str, neurons: Collection[Neuron] = (), *, layer: int | None = None, strength: float | None = None
) -> Rome | Value:
    """What an update is made by, from words, as the command line and the page have them.

    Args:
        method: "rome", or "value".
        neurons: the fact's neurons, of the value edit.
        layer: of ROME; None takes its default.
        strength: of the value edit; None takes `STRENGTH`.

    Raises:
        InputError: an unknown method, or what belongs to the other one.
    """
    if method not in get_args(Method):
        raise InputError(f"Expected a method of value or rome, found {method!r}.")
    if method == "value":
        if layer is not None:
            raise InputError("The value edit changes neurons wherever they are: a layer belongs to ROME.")
        return Value(neurons, STRENGTH if strength is None else strength)
    if neurons:
        raise InputError("ROME edits a whole layer and takes no neurons: leave them out, or use method value.")
    if strength is not None:
        raise InputError("ROME has no strength: leave it out, or use method value.")
    return Rome(layer)


def new_target(fact: Fact, to: str) -> str:
    """An answer as it follows the fact's prompts: with the space that the old one has.

    Raises:
        InputError: there is none, or it is the old one.
    """
    if not to.strip():
        raise InputError("The new answer is empty: expected a word.")
    if to.strip() == fact.answer:
        raise InputError(f"{fact.answer!r} is the answer already: expected another one.")
    return (" " if fact.target[0].isspace() else "") + to.strip()


def _scaled(model: Model, neurons: Collection[Neuron], factor: float, description: str) -> WeightEdits:
    groups = _by_layer(neurons)
    edits = [scaled(layer, [n.neuron for n in part], factor, expert=e) for (layer, e), part in groups.items()]
    return weight_edits(model, edits, description)


def _by_layer(neurons: Collection[Neuron]) -> dict[tuple[int, int | None], list[Neuron]]:
    if not neurons:
        raise InputError("There is no neuron to edit: expected at least one.")
    if inside := [neuron.label for neuron in neurons if neuron.encoder]:
        raise InputError(
            f"Weights are edited in the stack that predicts, and {inside[0]} is in an encoder.\n"
            "What scales it without an edit of weights: counterfactuals, ablate."
        )
    groups: dict[tuple[int, int | None], list[Neuron]] = defaultdict(list)
    for neuron in sorted(set(neurons), key=lambda n: (n.layer, n.expert or 0, n.neuron)):
        groups[neuron.layer, neuron.expert].append(neuron)
    return groups


def _count(neurons: Collection[Neuron]) -> str:
    names = [neuron.label for neuron in sorted(set(neurons), key=lambda n: (n.layer, n.expert or 0, n.neuron))]
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} neuron{'' if len(names) == 1 else 's'} ({listed})"


def _value_edits(model: Model, prompts: Sequence[str], fact: Fact, new: str, by: Value) -> list[WeightEdit]:
    asked = asked_of(model, replace(fact, prompts=tuple(prompts)))
    toward, against = (_direction(model, target, asked.prompts) for target in (new, fact.target))
    change = by.strength * (TOWARD * toward - AGAINST * against)
    passages = [tokenize(model, prompt) for prompt in asked.prompts]
    places = [asked_position(model, tokens) for tokens in passages]
    edits = []
    groups = _by_layer(by.neurons)
    _scaled(model, by.neurons, 1.0, "")  # refuses neurons that do not exist
    for (layer, expert), part in groups.items():
        rows = [neuron.neuron for neuron in part]
        firing = torch.stack([found[places[i]] for i, found in activations(model, layer, passages, expert=expert)])
        matrix = value_rows(model.blocks[layer], expert).double()
        input_ = torch.zeros(len(matrix), dtype=torch.float64, device=matrix.device)
        input_[rows] = firing.double().mean(0)[rows].sign() * matrix[rows].norm(dim=1)
        edits.append(rank_one(layer, input_.float(), change.float(), expert=expert))
    return edits


def _direction(model: Model, target: str, prompts: Sequence[str]) -> Float[Tensor, "d_model"]:
    """`e / |e|`: the row of the unembedding, or what stands for it before a prediction head, the mean over prompts."""
    if model.prediction_head is None:
        row = model.unembedding[question(model, prompts[0], target).answer[0]].detach().double()
        return row / row.norm()
    found = []
    for asked in (question(model, prompt, target) for prompt in prompts):
        run = record(model, asked.tokens, positions=asked.positions, keep="stream")
        one = readout(run, asked.answer[0], position=asked.positions[0], reference="raw").direction
        found.append(one / one.norm())
    mean = torch.stack(found).mean(0)
    return mean / mean.norm()
