"""A data set of prompts: counterparts, what is asked, groups, and named positions; and what parts do on average there.

One prompt misleads, and a zero or a mean over all positions is often far from anything that a part does at one place.
A data set tells what it usually does at *that* place. Positions of different prompts are the same where they are as far
behind the same name:

    When {IO:Mary} and {S1:John} went to the store, {S2:John} gave a drink to
         IO        IO+1 S1       S1+1 ...           S2        S2+1  ...    END

`END` is where the prompt is asked; tokens before the first name count from the start (`0`, `1`, ...).
Without names all do.

| how | what a part is set to, of one prompt |
|---|---|
| `mean-position` | its mean over the counterparts (without any: over the prompts) at the position of the same name |
| `resample` | its value in the prompt's own counterpart at the position of the same name |
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from unembed.engine import edits
from unembed.engine.edits import Edit
from unembed.errors import InputError
from unembed.models.kinds import SiteKind
from unembed.models.model import Model
from unembed.models.prompts import absolute_position
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.models.words import token_spans
from unembed.runs.prompted import prompt_of
from unembed.runs.record import record
from unembed.runs.run import Run

END = "END"
"""The name of the position where a prompt is asked."""
OVER_A_SET = ("mean-position", "resample")
"""How parts are set by a data set."""
_MARK = re.compile(r"\{([A-Za-z]\w*):([^{}]*)\}")
_Tokens = tuple[int, ...]
_Spot = int | Sequence[int]
"""A position, or the first and the end of some characters, whose last token is meant."""


@dataclass(frozen=True, repr=False)
class Example(Brief):
    """A prompt of a data set."""

    tokens: _Tokens
    names: tuple[str, ...]
    """Of each position."""
    corrupt: _Tokens | None = None
    """Its counterpart."""
    corrupt_names: tuple[str, ...] = ()
    target: str | int | None = None
    versus: str | int | None = None
    group: str | None = None

    def position(self, name: str) -> int:
        """The position of a name.

        Raises:
            InputError: there is none.
        """
        if name not in self.names:
            raise InputError(f"Expected a position of {', '.join(self.names)}; found {name!r}.")
        return self.names.index(name)


@dataclass(frozen=True, repr=False)
class PromptSet(Brief):
    """A data set of prompts that one model reads. Made by `prompt_set`."""

    model: Model
    examples: tuple[Example, ...]
    counterparts: tuple[tuple[_Tokens, tuple[str, ...]], ...]
    """What means are taken over, with the names of positions: the counterparts; without any the prompts themselves."""
    _means: dict[tuple[str, int], dict[str, Tensor]] = field(default_factory=dict, compare=False)

    def about(self, one: Example) -> "PromptSet":
        """The set with one example; its means stay those over all."""
        return replace(self, examples=(one,))

    def example_of(self, tokens: _Tokens) -> Example:
        """The example of a prompt.

        Raises:
            InputError: it is none of the set, or stands there twice with different counterparts or names.
        """
        found = {(one.corrupt, one.corrupt_names, one.names): one for one in self.examples if one.tokens == tokens}
        if not found:
            raise InputError(
                "This prompt is none of the data set: expected one of its prompts, whose positions have names.\n"
                "Add it to the data set, or set parts to zero."
            )
        if len(found) > 1:
            raise InputError("This prompt stands in the data set with different counterparts: leave all but one out.")
        return next(iter(found.values()))

    def means(self, kind: SiteKind, layers: Iterable[int]) -> Mapping[int, Mapping[str, Tensor]]:
        """The mean of a kind of site over the counterparts, by layer and name of position; made once, in float64."""
        wanted = sorted(set(layers))
        missing = [layer for layer in wanted if (kind, layer) not in self._means]
        if missing:
            found = _means_of(self, kind, missing)
            self._means.update({(kind, layer): found[layer] for layer in missing})
        return {layer: self._means[kind, layer] for layer in wanted}

    def _found(self) -> str:
        named = sum(one.corrupt is not None for one in self.examples)
        return f"{len(self.examples)} prompts, {named} with a counterpart"


def unmarked(text: str) -> tuple[str, dict[str, list[int]]]:
    """A text without its marks, and which characters each named.

    Raises:
        InputError: a name that stands twice.
    """
    found: dict[str, list[int]] = {}
    out, end = "", 0
    for mark in _MARK.finditer(text):
        out += text[end : mark.start()]
        if mark[1] in found:
            raise InputError(f"The mark {mark[1]} stands twice in {text!r}: name each position once.")
        found[mark[1]] = [len(out), len(out) + len(mark[2])]
        out, end = out + mark[2], mark.end()
    return out + text[end:], found


def prompt_set(model: Model, rows: Iterable[Mapping[str, Any]]) -> PromptSet:
    """A data set of prompts.

    Args:
        model: that reads them.
        rows: mappings with a `prompt`, and what there is of `corrupt`, `target`, `versus`, `group`, `positions` and
            `corrupt_positions`. Positions are `{name: token}`, or `{name: [first, end]}` in characters, whose last
            token is meant. `marked` and `marked_corrupt` say both in one text: `{S1:John}`. A counterpart without
            names of its own has those of its prompt, and then as many tokens.

    Raises:
        InputError: no rows; a bad prompt; a name that is twice, or of no token; a pair with different names.
    """
    return set_of(model, [read_example(model, row) for row in rows])


def set_of(model: Model, examples: Sequence[Example]) -> PromptSet:
    """A data set of prompts that were read.

    Raises:
        InputError: there are none.
    """
    found = tuple(examples)
    if not found:
        raise InputError("A data set needs a prompt: expected at least one row.")
    others = tuple((one.corrupt, one.corrupt_names) for one in found if one.corrupt is not None)
    return PromptSet(model, found, others or tuple((one.tokens, one.names) for one in found))


def with_marks(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with `marked` (and `marked_corrupt`) as one with texts and positions; any other as it is."""
    found = dict(row)
    for marked, text, positions in (
        ("marked", "prompt", "positions"),
        ("marked_corrupt", "corrupt", "corrupt_positions"),
    ):
        if isinstance(row.get(marked), str):
            found[text], found[positions] = unmarked(found.pop(marked))
    return found


def read_example(model: Model, row: Mapping[str, Any]) -> Example:
    """A row as a prompt of a data set.

    Raises:
        InputError: a bad prompt; a name that is twice, or of no token; a pair with different names.
    """
    row = with_marks(row)
    tokens, names = _read(model, row.get("prompt"), row.get("positions"))
    about: dict[str, Any] = {name: row.get(name) for name in ("target", "versus", "group")}
    if row.get("corrupt") is None:
        return Example(tokens, names, **about)
    corrupt, its = _read(model, row["corrupt"], row.get("corrupt_positions"))
    if len(corrupt) == len(tokens) and row.get("corrupt_positions") is None and its == _numbered(len(its)):
        its = names
    if missing := [name for name in names if name not in its]:
        raise InputError(
            f"The counterpart has no position {missing[0]}, which its prompt has: {len(corrupt)} and {len(tokens)} "
            "tokens.\nMark the same positions in both, with as many tokens between them."
        )
    return Example(tokens, names, corrupt, its, **about)


def _read(model: Model, given: Any, positions: Mapping[str, _Spot] | None) -> tuple[_Tokens, tuple[str, ...]]:
    """The tokens of a prompt, and the names of their positions."""
    if given is None:
        raise InputError("Expected a prompt as text or token ids, found none.")
    spots: dict[str, _Spot] = dict(positions or {})
    prompt = prompt_of(model, given)
    spans = token_spans(model, given, prompt.tokens) if isinstance(given, str) else []
    at = {name: _place(name, spot, spans, len(prompt.tokens)) for name, spot in spots.items()}
    if len(set(at.values())) < len(at):
        raise InputError(f"Expected a name a position, found {', '.join(f'{k} at {v}' for k, v in at.items())}.")
    return prompt.tokens, _names(len(prompt.tokens), at, prompt.place())


def _place(name: str, spot: _Spot, spans: Sequence[tuple[int, int]], length: int) -> int:
    """The position that is meant: a token, or the last one that holds some of these characters."""
    if isinstance(spot, int):
        return absolute_position(spot, length)
    first, end = spot
    inside = [i for i, (start, stop) in enumerate(spans) if start < end and stop > first]
    if not inside:
        raise InputError(f"No token holds the characters {first} to {end} that {name} names.")
    return inside[-1]


def _names(length: int, at: Mapping[str, int], asked: int) -> tuple[str, ...]:
    """The name of each position: as far behind the last name before it."""
    named = {place: name for name, place in at.items()}
    if at:
        named.setdefault(asked, END)
    found, last, since = [], "", 0
    for place in range(length):
        if place in named:
            last, since = named[place], 0
        found.append(last if last and not since else f"{last}+{since}" if last else str(place))
        since += 1
    return tuple(found)


def _numbered(length: int) -> tuple[str, ...]:
    return tuple(map(str, range(length)))


@torch.no_grad()
def _means_of(among: PromptSet, kind: SiteKind, layers: Sequence[int]) -> dict[int, dict[str, Tensor]]:
    totals: dict[int, dict[str, Tensor]] = {layer: {} for layer in layers}
    counts: Counter[str] = Counter()
    for tokens, names in among.counterparts:
        run = record(among.model, tokens)
        counts.update(names)
        for layer, so_far in totals.items():
            for value, name in zip(run.at(Site(kind=kind, layer=layer)).double(), names, strict=True):
                so_far[name] = so_far[name] + value if name in so_far else value.clone()
    return {layer: {name: total / counts[name] for name, total in found.items()} for layer, found in totals.items()}


def set_by(run: Run, sites: Sequence[Site], how: str, among: PromptSet) -> list[Edit]:
    """An edit a site: to its mean over a data set by position, or to its value in the counterpart.

    Args:
        run: of a prompt of the set.
        sites: at positions of the prompt.
        how: `mean-position` or `resample`.
        among: the data set.

    Raises:
        InputError: a prompt that is none of the set, or without a counterpart, or a position that no counterpart has.
    """
    if how not in OVER_A_SET:
        raise InputError(f"Expected parts to be set by a data set by {' or '.join(OVER_A_SET)}, found {how!r}.")
    if any(site.encoder for site in sites):
        raise InputError(
            "A data set tells what parts do in the stack that predicts: inside an encoder set them to zero."
        )
    one = among.example_of(run.tokens)
    if how == "resample":
        return _resampled(run, sites, one)
    kinds: set[SiteKind] = {site.kind for site in sites}
    means = {kind: among.means(kind, {site.layer for site in sites if site.kind == kind}) for kind in kinds}
    return [_to_mean(site, one, means[site.kind][site.layer]) for site in sites]


def _resampled(run: Run, sites: Sequence[Site], one: Example) -> list[Edit]:
    if one.corrupt is None:
        raise InputError("A resample takes values from the counterpart of the prompt, and this one has none.")
    places = {place: one.corrupt_names.index(name) for place, name in enumerate(one.names)}
    other = record(run.model, one.corrupt)
    swaps = [edits.swap(site, other, run=run, align=places) for site in sites]
    return [replace(edit, what="resample") for edit in swaps]


def _to_mean(site: Site, one: Example, means: Mapping[str, Tensor]) -> Edit:
    names = [one.names[place] for place in site.positions or range(len(one.tokens))]
    if missing := [name for name in names if name not in means]:
        raise InputError(
            f"No counterpart has a position {missing[0]}: there is no mean to set it to.\n"
            "Mark the same positions in all prompts, with as many tokens between them."
        )
    return replace(edits.set_to(site, torch.stack([means[name][site.index] for name in names])), what="mean-position")
