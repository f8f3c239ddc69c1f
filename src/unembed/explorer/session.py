"""Session: a loaded model with the recorded runs that asks start from.

A click about a prompt that was run already needs no new run. What is kept is bounded: the few runs used last, whole for
short prompts, at the explained position for long ones; and the answers to the asks used last (answers.py). One thread
uses a session at a time.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from torch import Tensor

from unembed.errors import InputError
from unembed.explorer.answers import Answers
from unembed.methods.lens import States, read_states
from unembed.methods.texts import PARAGRAPHS
from unembed.models.blanks import asked_position
from unembed.models.kinds import SiteKind
from unembed.models.model import Model
from unembed.models.prompts import Given, absolute_position, tokenize, tokenize_start, well_formed
from unembed.models.read_source import source_start, with_source
from unembed.models.sites import Site, encoder_of
from unembed.progress import Progress
from unembed.runs.means import means
from unembed.runs.prefix import asked_at
from unembed.runs.record import record
from unembed.runs.run import Run

RUNS = 4
"""Recorded runs that are kept."""
_SOURCES = 2
"""Sources whose runs are kept: a prompt's and that of the one beside it."""
WHOLE = 128
"""Tokens up to which a run keeps all positions; a run of 128 tokens of a small model then takes some 100 MB."""
_GIVEN = 64
"""Prompts of which it is kept how they were given."""
LONGEST = 8192
"""Tokens of a prompt or a source, at most, also where the model reads more."""


class Session:
    """A model, and what was recorded of it."""

    def __init__(self, model: Model, readings: "OrderedDict[str, Session] | None" = None) -> None:
        self.model = model
        self.answers = Answers()
        self._weight_edits = model.weight_edits
        self._readings = OrderedDict() if readings is None else readings
        self._runs: OrderedDict[tuple[tuple[int, ...], int | None], Run] = OrderedDict()
        self._given: OrderedDict[tuple[int, ...], Given] = OrderedDict()
        self._states: States | None = None
        self._means: dict[tuple[SiteKind, bool], list[Tensor]] = {}

    def follow_weights(self) -> None:
        """Let go of all that the module gave under other edits of its weights, as of a notebook's own."""
        now = self.model.weight_edits
        if now != self._weight_edits:  # edits are equal to themselves alone
            for kept in (self._readings, self._runs, self._means, self.answers):
                kept.clear()
            self._states, self._weight_edits = None, now

    def reading(self, source: str | None) -> "Session":
        """The session of the same model with a source; of None, with the source that it came with.

        Raises:
            InputError: a source for a model that reads none, or an encoder-decoder without one.
        """
        if source is None:
            if self.model.encoder is not None and self.model.source is None:
                raise InputError(f"{self.model.name} is an encoder-decoder: give it a source to read.")
            return self
        if self.model.encoder is None:
            raise InputError(f"{self.model.name} is {self.model.alone}: it reads a prompt and no source.")
        if self.model.source is not None and source == self.model.source.text:
            return self
        if source not in self._readings:
            self._check_length(source)
            self._readings[source] = Session(with_source(self.model, source), self._readings)
        self._readings.move_to_end(source)
        while len(self._readings) > _SOURCES:
            self._readings.popitem(last=False)
        return self._readings[source]

    def _check_length(self, source: str) -> None:
        tokenizer: Any = self.model.tokenizer
        count = 0 if tokenizer is None else len(tokenizer(well_formed(source))["input_ids"])
        if count > LONGEST:
            raise InputError(f"The source has {count} tokens; the page takes at most {LONGEST}. Take a shorter one.")

    def tokens(self, prompt: str, *, most: int = LONGEST) -> tuple[int, ...]:
        """The token ids of a prompt.

        Raises:
            InputError: it is empty, or longer than the model reads or `most`.
        """
        ids = self.known(prompt)
        if len(ids) > most:
            raise InputError(f"The prompt has {len(ids)} tokens; this view takes at most {most}. Take a shorter one.")
        return ids

    def known(self, prompt: Given) -> tuple[int, ...]:
        """The token ids of a prompt of any length; runs of them know from now on how it was given.

        Raises:
            InputError: as `tokenize`.
        """
        ids = tokenize(self.model, prompt)
        self._given[ids] = prompt
        self._given.move_to_end(ids)
        while len(self._given) > _GIVEN:
            self._given.popitem(last=False)
        return ids

    def run(self, tokens: tuple[int, ...], position: int | None = None) -> Run:
        """A run that keeps a position (None: where it asks): all of them, for a prompt of at most `WHOLE` tokens."""
        if position is None and len(tokens) <= WHOLE:
            return self._kept(tokens, None)
        place = self.place(tokens, position)
        return self._kept(tokens, None if len(tokens) <= WHOLE else place)

    def whole(self, tokens: tuple[int, ...]) -> Run | None:
        """A run that keeps all positions; None of a prompt of more than `WHOLE` tokens."""
        return self._kept(tokens, None) if len(tokens) <= WHOLE else None

    def place(self, tokens: tuple[int, ...], position: int | None = None) -> int:
        """A position counted from the start; None is where the prompt asks.

        Raises:
            InputError: out of range, or a masked language model's prompt without a blank.
        """
        return asked_position(self.model, tokens) if position is None else absolute_position(position, len(tokens))

    def asked_at(self, tokens: tuple[int, ...], position: int | None = None) -> Run:
        """The run with its question at a position."""
        place = self.place(tokens, position)
        return asked_at(self.run(tokens, place), place)

    def _kept(self, tokens: tuple[int, ...], position: int | None) -> Run:
        key = tokens, position
        given = self._given.get(tokens, tokens)
        if key not in self._runs:
            self._runs[key] = record(self.model, given, positions=None if position is None else [position])
        elif isinstance(given, str) and given != self._runs[key].text:  # other words of the same tokens
            self._runs[key] = replace(self._runs[key], text=given)
        self._runs.move_to_end(key)
        while len(self._runs) > RUNS:
            self._runs.popitem(last=False)
        return self._runs[key]

    def states(self, run: Run, position: int | None = None) -> States:
        """What the lens reads at a position of a run; the last one is kept, for another token or reference there."""
        place = run.place(position)
        if self._states is None or self._states.run is not run or self._states.position != place:
            self._states = read_states(run, place)
        return self._states

    def mean(self, site: Site, progress: Progress) -> Tensor:
        """The mean value of a site over all positions of some plain English (texts.py); computed once a kind."""
        key = site.kind, site.encoder
        if key not in self._means:
            stack = encoder_of(self.model) if site.encoder else self.model
            start = source_start if site.encoder else tokenize_start
            texts = [start(self.model, paragraph) for paragraph in PARAGRAPHS]
            sites = [Site(kind=site.kind, layer=layer, encoder=site.encoder) for layer in range(stack.layers)]
            self._means[key] = means(self.model, texts, sites, progress)
        return self._means[key][site.layer][site.index]
