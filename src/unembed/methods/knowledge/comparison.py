"""Knowledge comparison: what an edit is measured on, and the control that is measured beside it.

An edit of neurons is compared with the same edit of as many random, strongly active neurons of the same layers; one of
rank one with the same `delta` at random keys. It is measured on the fact itself, on some facts of its relation, and on
some of other relations (report.py).
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import torch

from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.knowledge.asking import asked_of, can_be_asked, reference_texts, with_blanks
from unembed.methods.knowledge.facts import Fact, Relation, facts_for
from unembed.methods.knowledge.neurons import Neuron, random_neurons
from unembed.methods.knowledge.report import Asked, EditReport, Groups, report
from unembed.methods.knowledge.weight_edits import WeightEdits, weight_edits
from unembed.models.model import Model
from unembed.models.sites import neurons_of
from unembed.progress import Progress, silent
from unembed.seeds import generator

Make = Callable[[Collection[Neuron], Progress], WeightEdits]
"""Makes an edit of some neurons; where it takes long, it reports its progress."""
_EVERY = 6
"""Every which statement of a fact is read for the perplexity."""


def report_beside_control(
    model: Model,
    make: Make,
    neurons: Collection[Neuron],
    groups: Groups,
    *,
    keys: int = 4,
    text: Sequence[str] = (),
    progress: Progress = silent,
) -> EditReport:
    """Make an edit and measure it, beside the control that its kind has.

    Args:
        model: from `load` or `wrap`.
        make: the edit of some neurons; it is made of random ones as well.
        neurons: the edited ones; none for an edit of rank one, whose control has `random_keys`.
        groups: what is asked; `neighbours` finds it.
        keys: how many random keys.
        text: passages for the perplexity; without any, some of the facts that the model is asked about.
        progress: called after each group.

    Raises:
        InputError: as `make` and `report`.
    """
    edits = make(neurons, progress)
    if neurons:
        others = random_like(model, neurons, (*groups.own, *groups.unrelated)[0])
        control = [make(others, progress)] if others else []
    else:
        control = random_keys(model, edits, count=keys)
    passages = text or reference_texts(model, every=_EVERY)
    return report(model, edits, groups, control=control, text=passages, progress=progress)


def neighbours(
    model: Model,
    relation: Relation | None,
    fact: Fact | None,
    *,
    known: Sequence[Relation] = (),
    related: int = 20,
    unrelated: int = 24,
) -> Groups:
    """What to ask about an edit: the fact's own prompts, and one of each of some facts of its relation and of others.

    Facts that the model cannot be asked about (asking.py) are left out.

    Args:
        model: from `load` or `wrap`.
        relation: of the fact; None asks about all relations as unrelated ones.
        fact: the edited one; None makes every fact of the relation its own.
        known: the relations of a file of facts, of which the others are asked about; where there is no other, those
            beside the model's weights are (of a toy), or those that ship.
        related: facts of the relation, with another answer, at most.
        unrelated: facts of other relations, at most.

    Raises:
        InputError: the model cannot be asked for the fact.
    """
    facts = [] if relation is None else list(relation.facts)
    asked = _one_each(model, facts, len(facts))
    if fact is not None:
        own = asked_of(model, fact)
        asked = [(prompt, own.target) for prompt in own.prompts]
    others = [] if fact is None else [other for other in facts if other.answer != fact.answer]
    name = None if relation is None else relation.name
    beside = [other for other in known if other.name != name]
    beside = beside or [other for other in facts_for(model.folder) if other.name != name]
    elsewhere = [other for entry in beside for other in entry.facts]
    return Groups(asked, _one_each(model, others, related), _one_each(model, elsewhere, unrelated))


def _one_each(model: Model, facts: Sequence[Fact], count: int) -> Asked:
    """Evenly spaced facts, each with one of its prompts, in turn; others in place of those that cannot be asked."""
    chosen = [i * len(facts) // count for i in range(count)] if len(facts) > count else list(range(len(facts)))
    found: list[tuple[str, str]] = []
    for i in dict.fromkeys([*chosen, *range(len(facts))]):
        if len(found) == len(chosen):
            break
        fact = with_blanks(model, facts[i])
        first = len(found) % len(fact.prompts)
        turn = (*fact.prompts[first:], *fact.prompts[:first])
        asked = next((prompt for prompt in turn if can_be_asked(model, prompt, fact.target)), None)
        found += [] if asked is None else [(asked, fact.target)]
    return found


def random_like(model: Model, neurons: Collection[Neuron], asked: tuple[str, str]) -> frozenset[Neuron]:
    """As many random, strongly active neurons of the same layers: a control; none where there cannot be one.

    That is in a mixture of experts, and where the neurons are more than half of a layer.

    Raises:
        InputError: a bad prompt or answer.
    """
    for layer, count in Counter(neuron.layer for neuron in neurons).items():
        if model.blocks[layer].experts is not None or 2 * count > neurons_of(model, layer):
            return frozenset()
    return random_neurons(model, question(model, *asked), neurons)


def random_keys(model: Model, edits: WeightEdits, *, count: int = 4, seed: int = 0) -> list[WeightEdits]:
    """The control of a rank-one edit: as much is written, but for random keys. `u`'s entries change places at random.

    One random key may happen to be near the subject's (on the real model, up to a third of it), so there are several.

    Raises:
        InputError: an edit is not of rank one.
    """
    random = generator(seed)
    return [_at_random(model, edits, random) for _ in range(count)]


def _at_random(model: Model, edits: WeightEdits, random: torch.Generator) -> WeightEdits:
    found = []
    for edit in edits.edits:
        if edit.neurons is not None or edit.input is None:
            raise InputError(
                f"Expected rank-one edits of whole layers, found one of some neurons of layer {edit.layer}."
            )
        order = torch.randperm(len(edit.input), generator=random)
        found.append(replace(edit, input=edit.input[order]))
    return weight_edits(model, found, f"{edits.description}, at a random key")
