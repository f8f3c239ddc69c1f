"""Other texts of a run: many prompts that share beginnings with it, and with each other, in as few walks as fit.

A text is tokens, each at a place: the position that the model is told. The shorter prompt without a word closes up, so
the tokens after the word move to earlier places; a prompt in which nobody may attend to a word keeps its places, and
lacks the word's keys. In a causal model both are the same thing, a sequence of (token, place), and where two sequences
begin alike they have the same numbers. So each beginning is computed once, and a text computes only what follows:

    begins as the run        keys and values of the run
    begins as another text   keys and values of that text
    the rest                 packed tokens of the walk: each block is called once for all texts

Exact: the numbers of a run of each text alone, up to rounding. All 256 choices of 8 words cost about 32 prompts.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from unembed.engine.splicing import at_once
from unembed.errors import InputError
from unembed.models.forward import call
from unembed.models.hooks import Eager, attending, first_of, on_call, one_at_a_time
from unembed.models.model import Model, Stage
from unembed.models.own_attention import added
from unembed.models.refusals import versions_only
from unembed.models.reprs import Brief
from unembed.progress import Progress, silent
from unembed.runs.kept import at_positions
from unembed.runs.record import attentions, record
from unembed.runs.run import Run

WIDEST = 1024
"""Packed tokens of one walk, at most, unless one text alone has more."""


@dataclass(frozen=True)
class Text:
    """A prompt that differs from a run's: tokens, and the place of each, ascending."""

    tokens: tuple[int, ...]
    places: tuple[int, ...]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """What decides the numbers at each token, with what came before."""
        return tuple(zip(self.tokens, self.places, strict=True))


def last_streams_of_texts(
    run: Run, texts: Sequence[Text], *, count: int = 1, progress: Progress = silent
) -> Float[Tensor, "text count d_model"]:
    """The stream after the last block at the last `count` tokens of each text.

    Exact: a text without gaps equals a run of the model on its tokens alone; one with gaps equals a run of the whole
    prompt in which attention cannot see the missing places.

    Args:
        run: of a causal model, recorded with `keep="all"`. Where the length of a prompt changes what the model does
            (`models.lengths`), texts must be as long as it.
        texts: at least one, each of at least `count` tokens.
        count: how many tokens are read.
        progress: called after each block of each walk.

    Raises:
        InputError: no text, one that is too short or out of order, or a run of its stream only.
    """
    run.check_made_by(run.model)
    versions_only(run.model)
    run.check_has_calls()
    _check(run, texts, count)
    if not run.model.blocks:  # no token reads another
        return torch.stack([_embeddings(run, text, count) for text in texts])
    streams = run.final.new_empty(len(texts), count, run.model.d_model)
    branches = _branches(run, texts)
    work, done = sum(branch.fresh for branch in branches), 0
    with torch.no_grad():
        for part in _parts(run, branches):
            walk = _Walk(run, part)
            for layer in walk.up():
                progress("other texts", (done + walk.size * (layer + 1) / run.model.layers) / max(1, work))
            for branch in part:
                streams[branch.index] = walk.last(branch, count)
            done += walk.size
    return streams


def _check(run: Run, texts: Sequence[Text], count: int) -> None:
    if not len(texts):
        raise InputError("There is nothing to do: expected at least one text.")
    for text in texts:
        places = text.places
        ascending = all(a < b for a, b in itertools.pairwise(places))
        if len(places) < count or not ascending or not 0 <= places[0] <= places[-1] < run.length:
            raise InputError(
                f"Expected a text of {count} tokens or more at ascending places below {run.length}, found {places}."
            )


# What each text must compute


@dataclass(frozen=True)
class _Branch:
    """A text in a walk: where the keys of its tokens stand, and which of them it computes."""

    index: int
    text: Text
    keys: tuple[int, ...]
    """Of the run below its length; above it, among the packed tokens of the walk."""
    fresh: int
    """How many tokens at the end are computed for this text; the others are there."""


def _alike(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]]) -> int:
    """How many tokens two texts begin alike with."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _branches(run: Run, texts: Sequence[Text]) -> list[_Branch]:
    """Texts in an order in which each shares most with the one before it; packed tokens are counted through.

    Sorted, no text shares a longer beginning with an earlier one than with the last: so only the last is asked. A walk
    starts anew where it would grow too wide: its first text finds only the run.
    """
    base = tuple(zip(run.tokens, range(run.length), strict=True))
    found: list[_Branch] = []
    before: tuple[tuple[int, int], ...] = ()
    packed = 0
    for index in sorted(range(len(texts)), key=lambda i: texts[i].pairs):
        pairs = texts[index].pairs
        of_run, of_last = _alike(pairs, base), _alike(pairs, before)
        if packed and packed + len(pairs) - max(of_run, of_last) > WIDEST:
            of_last, packed = 0, 0
        keys = found[-1].keys[:of_last] if of_last > of_run else tuple(range(of_run))
        fresh = len(pairs) - len(keys)
        own = range(run.length + packed, run.length + packed + fresh)
        found.append(_Branch(index, texts[index], (*keys, *own), fresh))
        before, packed = pairs, packed + fresh
    return found


def _parts(run: Run, branches: Sequence[_Branch]) -> Iterator[list[_Branch]]:
    """The texts of each walk: where the count of packed tokens begins again, so does a walk."""
    part: list[_Branch] = []
    for branch in branches:
        first = branch.keys[-branch.fresh] if branch.fresh else None
        if part and first == run.length and any(other.fresh for other in part):
            yield part
            part = []
        part.append(branch)
    yield part


# A walk


class _Walk:
    """The packed tokens of some texts on their way up the layers."""

    def __init__(self, run: Run, branches: Sequence[_Branch]) -> None:
        self.run, self.model = run, run.model
        pairs = [pair for branch in branches for pair in branch.text.pairs[len(branch.keys) - branch.fresh :]]
        self.size = len(pairs)
        self.places = torch.tensor([place for _, place in pairs], dtype=torch.long, device=run.model.device)
        self.hidden = _starts(run, pairs)
        self.groups = self._grouped(branches)

    def up(self) -> Iterator[int]:
        """Go up, block by block."""
        states = None if self.model.source is None else self.model.source.states
        with one_at_a_time, attending(self.model, self._attend):
            for layer, block in enumerate(self.model.blocks if self.size else ()):
                recorded = self.run.calls[layer]
                args, kwargs = (
                    at_positions(x, self.places, self.run.length, states) for x in (recorded.args, recorded.kwargs)
                )
                out = block.module(self.hidden[None], *args, **kwargs)
                self.hidden = first_of(out)[0]
                yield layer

    def last(self, branch: _Branch, count: int) -> Float[Tensor, "count d_model"]:
        """The stream at the last tokens of a text."""
        whole = self.run.after(-1)
        return torch.stack(
            [
                whole[key] if key < self.run.length else self.hidden[key - self.run.length]
                for key in branch.keys[-count:]
            ]
        )

    def _grouped(self, branches: Sequence[_Branch]) -> list["_Group"]:
        # A module that hides keys by their number in the row, not by a mask, must find each key at its place (GPT-Neo).
        by_number = self.model.family.inner_attention is not None
        by_shape: dict[tuple[int, int], list[_Row]] = defaultdict(list)
        for branch in branches:
            if branch.fresh:
                row = _without_gaps(branch) if by_number else _Row(branch.keys, branch.text.places, branch.fresh)
                by_shape[len(row.keys), row.fresh].append(row)
        return [_group(self.run, rows) for rows in by_shape.values()]

    # Attention: the one place where tokens meet

    @cached_property
    def _place_of(self) -> dict[nn.Module, tuple[int, Stage]]:
        return attentions(self.model)

    def _attend(
        self, module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, None]:
        layer, stage = self._place_of[module]
        recorded = self.run.calls[layer]
        if stage == "cross_attention":  # every token reads the whole source
            mask = None if recorded.cross_mask is None else recorded.cross_mask[..., :1, :]
            return eager(query, key, value, mask)[0], None
        heads = self.run.layers[layer].heads
        assert heads is not None
        keys, values = torch.cat([recorded.key, key[0]], 1), torch.cat([heads.value, value[0]], 1)
        z = query.new_empty(1, query.shape[2], query.shape[1], values.shape[-1])
        for group in self.groups:
            for part in group.parts(whole=self.model.family.bypasses_interface):
                q = query[0][:, part.queries].transpose(0, 1)
                k, v = (x[:, part.keys].transpose(0, 1) for x in (keys, values))
                found = eager(q, k, v, part.mask(recorded.mask, query))[0]
                z[0, part.queries[part.wanted]] = found[part.wanted]
        return z, None


@dataclass(frozen=True)
class _Row:
    """The keys of one text as attention gets them, negative for what fills a gap, and how many ask at the end."""

    keys: tuple[int, ...]
    places: tuple[int, ...]
    fresh: int


def _without_gaps(branch: _Branch) -> _Row:
    """A row with a key at every place up to the last."""
    key_at = dict(zip(branch.text.places, branch.keys, strict=True))
    first, last = branch.text.places[-branch.fresh], branch.text.places[-1]
    return _Row(tuple(key_at.get(p, -1) for p in range(last + 1)), tuple(range(last + 1)), last + 1 - first)


@dataclass(frozen=True, repr=False)
class _Group(Brief):
    """Texts of one shape, side by side."""

    queries: Int[Tensor, "text fresh"]
    """Where their queries stand among the packed tokens."""
    keys: Int[Tensor, "text token"]
    """Where all their keys stand, of run and packed tokens together."""
    hidden: Bool[Tensor, "text token"]
    """The keys that only fill a gap."""
    places: Int[Tensor, "text token"]

    def parts(self, *, whole: bool) -> Iterator["_Group"]:
        """As many texts and queries at a time as `at_once` allows, so that what attention holds grows with the length
        of a text in proportion only; a part's keys end at its last query. `whole`: all queries of a text together.
        """
        (count, fresh), length = self.queries.shape, self.keys.shape[1]
        most = at_once(length)
        texts = max(1, most // fresh)
        step = fresh if whole else max(1, most // texts)
        for first in range(0, count, texts):
            rows = slice(first, first + texts)
            for start in range(0, fresh, step):
                end = min(start + step, fresh)
                seen = slice(0, length - fresh + end)
                queries = self.queries[rows, start:end]
                yield _Group(queries, *(x[rows, seen] for x in (self.keys, self.hidden, self.places)))

    @property
    def wanted(self) -> Bool[Tensor, "text fresh"]:
        """The queries that fill no gap."""
        return ~self.hidden[:, -self.queries.shape[1] :]

    def mask(self, base: Tensor | None, like: Tensor) -> Float[Tensor, "text head_or_1 fresh token"]:
        """What is added to the scores: what the run's mask says of a query's place and a key's."""
        asking, least = self.places[:, -self.queries.shape[1] :, None], torch.finfo(like.dtype).min
        if base is None:
            later = self.places[:, None] > asking
            mask = torch.zeros_like(later, dtype=like.dtype).masked_fill_(later, least)[:, None]
        else:
            found = base[0][:, asking, self.places[:, None]].transpose(0, 1)
            mask = added(found, like, self.places.shape[1], causal=False)
            assert mask is not None
        return mask.masked_fill(self.hidden[:, None, None], least)


def _group(run: Run, rows: Sequence[_Row]) -> _Group:
    def together(each: list[tuple[int, ...]]) -> Tensor:
        return torch.tensor(each, dtype=torch.long, device=run.model.device)

    keys = together([row.keys for row in rows])
    queries = keys[:, -rows[0].fresh :] - run.length
    return _Group(queries.clamp(min=0), keys.clamp(min=0), keys < 0, together([row.places for row in rows]))


# What enters the first block


def _embeddings(run: Run, text: Text, count: int) -> Float[Tensor, "count d_model"]:
    """The stream at the last tokens of a text, in a model without blocks."""
    tokens = list(run.tokens)
    for token, place in text.pairs:
        tokens[place] = token
    return record(run.model, tokens, keep="stream").final[list(text.places[-count:])]


class _EmbeddedError(Exception):
    """Raised to leave a run once the stream is made."""


def _starts(run: Run, pairs: Sequence[tuple[int, int]]) -> Float[Tensor, "token d_model"]:
    """The stream before the first block, of tokens at places.

    The module embeds them itself, in prompts that hold each wanted token in its place, and is left before its first
    block: no position embedding, scale or norm needs to be known here.
    """
    wanted: dict[int, list[int]] = defaultdict(list)
    for token, place in dict.fromkeys(pairs):
        if token != run.tokens[place]:
            wanted[place].append(token)
    rows = max(map(len, wanted.values()), default=0)
    where: dict[tuple[int, int], tuple[int, int]] = {}
    prompts = [list(run.tokens) for _ in range(rows)]
    for place, tokens in wanted.items():
        for row, token in enumerate(tokens):
            prompts[row][place] = token
            where[token, place] = row, place
    before = run.before(0)
    made = _embedded(run.model, prompts) if prompts else before[None]
    if not len(pairs):
        return before[:0]
    return torch.stack([made[where[pair]] if pair in where else before[pair[1]] for pair in pairs])


def _embedded(model: Model, prompts: list[list[int]]) -> Float[Tensor, "prompt position d_model"]:
    made: list[Tensor] = []

    def leave(args: tuple, _: dict) -> None:
        made.append(args[0])
        raise _EmbeddedError

    with one_at_a_time, ExitStack() as stack, suppress(_EmbeddedError):
        on_call(stack, model.blocks[0].module, leave)
        call(model, torch.tensor(prompts, device=model.device), keep=1)
    return made[0]
