"""find: the knowledge neurons of a relation's facts (neurons.py), with the values that they are chosen by.

The attribution of a prompt takes seconds, the choice of neurons from it nothing. So the values are kept, and
`Found.at` chooses anew, by other criteria. Of each prompt those above a floor are kept: `FLOOR` of the largest, or `t`
where that is less. In a folder (`keep`) each prompt is a file, written as soon as it is finished. What was interrupted
or killed goes on from there, and so does a search of more facts.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64

from unembed.errors import InputError, Interrupted
from unembed.files import parse_json, write_file
from unembed.loading.fingerprint import identity
from unembed.methods.knowledge.asking import asking
from unembed.methods.knowledge.attribution import Attribution, LayerPath, NeuronPath, Path, attribute
from unembed.methods.knowledge.facts import Fact, Relation
from unembed.methods.knowledge.neurons import Criteria, Neuron, kept, refined, relation_neurons
from unembed.methods.whole_answer import literally
from unembed.models.cloze import cloze
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.models.sites import experts_of, neurons_of
from unembed.progress import Progress, silent

FLOOR = 0.01
"""Of a prompt's largest value: what is less is not kept, unless a smaller `t` is asked for."""
_SCHEMA = "unembed/knowledge-values/1"
_ENDING = ".values.json"


@dataclass(frozen=True, eq=False, repr=False)
class PromptValues(Brief):
    """The largest attributions of one prompt."""

    probability: float
    """Of the right answer."""
    top: bool
    """Whether it is the top prediction."""
    places: Int64[np.ndarray, "kept"]
    """Of the neurons, in all layers one after the other."""
    values: Float64[np.ndarray, "kept"]
    """In units of probability; all are positive."""

    def above(self, t: float) -> list[int]:
        """The places of what is more than `t` times the largest value."""
        return self.places[self.values > t * self.values.max(initial=0.0)].tolist()


@dataclass(frozen=True, repr=False)
class FactValues(Brief):
    """What was computed for one fact."""

    fact: Fact
    """With the prompts that it was asked by."""
    prompts: tuple[PromptValues, ...]

    @property
    def known(self) -> bool:
        """Whether the model gives the answer to at least half of the prompts."""
        return 2 * sum(prompt.top for prompt in self.prompts) >= len(self.prompts)


@dataclass(frozen=True, repr=False)
class FactNeurons(Brief):
    """What was found for one fact."""

    fact: Fact
    kept: frozenset[Neuron]
    """Above `t` in enough prompts."""
    refined: frozenset[Neuron]
    """Without those that other facts share."""
    probabilities: tuple[float, ...]
    """Of the right answer, one a prompt, before any intervention."""
    top: tuple[bool, ...]
    """Whether it is the top prediction, one a prompt."""

    @property
    def known(self) -> bool:
        """Whether the model gives the answer to at least half of the prompts."""
        return 2 * sum(self.top) >= len(self.top)


@dataclass(frozen=True, repr=False)
class Found(Brief):
    """The knowledge neurons of a relation's facts. Made by `find`."""

    relation: str
    values: tuple[FactValues, ...]
    """By which the neurons are chosen: those of `criteria` now, others by `at`."""
    criteria: Criteria
    path: Path
    floor: float
    """The share of a prompt's largest value from which on values are kept."""
    shapes: tuple[tuple[int, ...], ...]
    """Of the values of each layer: `neuron`, or `expert neuron`; those of an encoder last."""
    decoder_layers: int
    """How many of them are of the stack that predicts."""
    planned: int
    """How many facts are searched when the work is finished."""
    left_out: tuple[str, ...] = ()
    """Notes on prompts that the model cannot be asked by, and on facts that were not searched."""

    @property
    def complete(self) -> bool:
        """False where the work was interrupted: then facts are missing."""
        return len(self.values) == self.planned

    @property
    def t(self) -> float:
        """Share of the maximum above which a neuron counts."""
        return self.criteria.t

    @property
    def p(self) -> float:
        """Share of a fact's prompts in which it must."""
        return self.criteria.p

    @property
    def share(self) -> float:
        """Share of other facts that may have it as well."""
        return self.criteria.share

    def at(self, criteria: Criteria) -> "Found":
        """The neurons by other criteria. Nothing is computed again.

        Raises:
            InputError: `t` is below what was kept.
        """
        if criteria.t < self.floor:
            raise InputError(
                f"Values from {self.floor:g} of each prompt's largest on are kept, and t = {criteria.t:g} needs "
                "smaller ones. Search again with that t."
            )
        return replace(self, criteria=criteria)

    @cached_property
    def votes(self) -> dict[Fact, frozenset[Neuron]]:
        """Of each fact the neurons that are above `t` in enough prompts."""
        by_place = {
            entry.fact: kept([prompt.above(self.t) for prompt in entry.prompts], self.p) for entry in self.values
        }
        return {fact: frozenset(map(self._neuron, places)) for fact, places in by_place.items()}

    @cached_property
    def facts(self) -> tuple[FactNeurons, ...]:
        """The neurons of each fact."""
        return tuple(
            FactNeurons(
                entry.fact,
                self.votes[entry.fact],
                refined(self.votes, entry.fact, self.share),
                tuple(prompt.probability for prompt in entry.prompts),
                tuple(prompt.top for prompt in entry.prompts),
            )
            for entry in self.values
        )

    @cached_property
    def shared(self) -> frozenset[Neuron]:
        """The relation's neurons: kept by at least half of the facts."""
        return relation_neurons(self.votes, 0.5)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind with these neurons."""
        unknown = [f"{entry.fact.subject} ({entry.fact.answer})" for entry in self.values if not entry.known]
        notes = []
        if not self.complete:
            notes.append(
                f"interrupted: {len(self.values)} of {self.planned} facts are searched; refined against these."
            )
        if unknown:
            names = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
            notes.append(
                f"the model does not know {len(unknown)} of {len(self.values)} facts: {names}.\n"
                "Their answer is the top prediction in less than half of their prompts."
            )
        if len(self.values) == 1:
            notes.append("there is only one fact, so nothing is refined: its neurons may be those of the relation.")
        return (*notes, *self.left_out)

    @cached_property
    def _starts(self) -> list[int]:
        return np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)]).tolist()

    def _neuron(self, place: int) -> Neuron:
        layer = int(np.searchsorted(self._starts, place, side="right")) - 1
        index = [int(i) for i in np.unravel_index(place - self._starts[layer], self.shapes[layer])]
        encoder = layer >= self.decoder_layers
        number = layer - self.decoder_layers if encoder else layer
        return Neuron(number, index[-1], index[0] if len(index) == 2 else None, encoder)

    def _found(self) -> str:
        return f"{self.relation}, {len(self.values)} facts, t = {self.t:g}"


def find(
    model: Model,
    relation: Relation,
    *,
    criteria: Criteria = Criteria(),
    path: LayerPath | NeuronPath = LayerPath(),
    keep: str | FilePath | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Found:
    """The knowledge neurons of a relation's facts, refined against each other.

    Args:
        model: from `load` or `wrap`. Of an encoder-decoder each prompt is a source with a blank (cloze.py).
        relation: whose facts are searched and compared; `Relation.of` takes some of them.
        criteria: when a neuron is a fact's own; `Found.at` takes others afterwards.
        path: of the attribution; `NeuronPath(300)` computes exactly the 300 best of the layer path.
        keep: a folder for the values of each prompt. What is there already, of this model and path, is read.
        memory: bytes for walks.
        progress: called after each prompt.

    Raises:
        InputError: no facts, or none that the model can be asked for; a folder that holds something else.
        Interrupted: on Ctrl-C, with the facts that were finished, if there are any.
    """
    asked = asking(model, relation.facts)
    if not asked.facts:
        why = "".join(f"\n{note}" for note in relation.left_out)
        why = f"\nNone can be asked: {asked.why}" if asked.why else why
        raise InputError(f"There is no fact of {relation.name} to search.{why}")
    search = _Search(model, path, min(FLOOR, criteria.t), _Store.at(keep, model), memory)
    found = Found(
        relation=relation.name,
        values=(),
        criteria=criteria,
        path="neuron" if isinstance(path, NeuronPath) else "layer",
        floor=search.floor,
        shapes=shapes_of(model),
        decoder_layers=model.layers,
        planned=len(asked.facts),
        left_out=(*relation.left_out, *asked.notes),
    )
    try:
        for values in search.of(asked.facts, progress):
            found = replace(found, values=(*found.values, values))
    except KeyboardInterrupt as stop:
        if not found.values:
            raise KeyboardInterrupt from stop
        raise Interrupted(found) from stop
    return found


def shapes_of(model: Model) -> tuple[tuple[int, ...], ...]:
    """Of the values that each layer has: `neuron`, or `expert neuron`; those of an encoder last."""
    stacks = [model] if model.encoder is None else [model, model.encoder]
    return tuple(
        (experts_of(stack, layer), neurons_of(stack, layer))
        if experts_of(stack, layer)
        else (neurons_of(stack, layer),)
        for stack in stacks
        for layer in range(stack.layers)
    )


@dataclass(frozen=True)
class _Store:
    """The files of a folder, one a prompt: named by all that its values depend on."""

    folder: FilePath
    model: str
    """Its identity."""

    @staticmethod
    def at(folder: str | FilePath | None, model: Model) -> "_Store | None":
        """The folder, made if it is not there; None without one.

        Raises:
            InputError: it cannot be used, or holds something else.
        """
        if folder is None:
            return None
        path = FilePath(folder).expanduser()
        try:
            path.mkdir(parents=True, exist_ok=True)
            others = sorted(p.name for p in path.iterdir() if not p.name.startswith(".") and not p.match(f"*{_ENDING}"))
        except OSError as error:
            raise InputError(
                f"Cannot use {path} as a folder for values: {error.strerror}. Name another one."
            ) from error
        if others:
            raise InputError(
                f"{path} holds {others[0]}, so it is no folder of attributions.\nName a new or an empty folder."
            )
        return _Store(path, identity(model))

    def file(self, settings: Any) -> FilePath:
        text = json.dumps([_SCHEMA, self.model, settings])
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:40]}{_ENDING}"

    def read(self, settings: Any) -> PromptValues | None:
        """What was kept; None where there is nothing, or a file that was changed since: then it is computed again."""
        try:
            found = parse_json(self.file(settings).read_text(encoding="utf-8"))
            body = found["values"]
            if found["schema"] != _SCHEMA or found["sha256"] != _checksum(body):
                return None
            places, values = np.array(body["places"], dtype=np.int64), np.array(body["values"], dtype=np.float64)
            return PromptValues(body["probability"], body["top"], places, values)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, settings: Any, values: PromptValues) -> None:
        """Keep the values of a prompt.

        Raises:
            InputError: the file cannot be written.
        """
        body = vars(values) | {"places": values.places.tolist(), "values": values.values.tolist()}
        data = {"schema": _SCHEMA, "sha256": _checksum(body), "asked": settings, "values": body}
        write_file(self.file(settings), json.dumps(data))


def _checksum(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Search:
    """How the values of prompts are found."""

    model: Model
    path: LayerPath | NeuronPath
    floor: float
    store: _Store | None
    memory: int | None

    def of(self, facts: Sequence[Fact], progress: Progress) -> Iterator[FactValues]:
        """The values of each fact, as they are finished."""
        total, done = sum(len(fact.prompts) for fact in facts), 0
        for fact in facts:
            found = []
            for prompt in fact.prompts:
                found.append(self.prompt(prompt, fact.target))
                done += 1
                progress("knowledge attribution", done / total)
            yield FactValues(fact, tuple(found))

    def prompt(self, prompt: str, target: str) -> PromptValues:
        """Those of one prompt, from its file where there is one."""
        settings = [type(self.path).__name__, asdict(self.path), self.floor, prompt, target]
        known = None if self.store is None else self.store.read(settings)
        if known is not None:
            return known
        of = (self.model, prompt) if self.model.encoder is None else cloze(self.model, prompt)
        values = _largest(attribute(*of, literally(*of, target), path=self.path, memory=self.memory), self.floor)
        if self.store is not None:
            self.store.write(settings, values)
        return values


def _largest(found: Attribution, floor: float) -> PromptValues:
    flat = torch.cat([values.flatten() for values in found.values]).double().nan_to_num(-torch.inf)
    chosen = (flat > max(0.0, floor * float(flat.max()))).nonzero()[:, 0]
    return PromptValues(found.probability, found.top_prediction, chosen.numpy(), flat[chosen].numpy())
