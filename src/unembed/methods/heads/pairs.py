"""head_pairs: every pair of heads, switched off together: who makes up for whom, and who is of use with whom alone.

    interaction(A, B) = effect(A and B) - effect(A) - effect(B),     effect(S) = f(without S) - f

with `f` the logit of the target (minus that of `versus`), and heads that write nothing. Exact: each effect is that of a
full run. A negative interaction of two heads that speak for the target: together they take away more than one by one,
since what one does not do the other does (an OR gate; of two layers, the later head is worth so much more once the
earlier one is gone: it repairs its loss; a backup head in Wang et al. 2022). A positive one: what one of them took away
the other cannot take away again (an AND gate).

Where heads are set at the last token of a decoder, a version without A and B goes on from the stream that the version
without A has before B's layer, so a pair costs what is above the later of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals, finished, watched
from unembed.engine.edits import Edit
from unembed.engine.measures import logit
from unembed.errors import InputError, Interrupted, counted
from unembed.models.model import Model
from unembed.models.parts import Part, parts_of
from unembed.models.prompts import prompt_notes
from unembed.models.refusals import decoders_only
from unembed.models.reprs import SHOWN, listed
from unembed.models.sites import Site
from unembed.models.targets import target_notes
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import Result
from unembed.runs.run import Run

Gate = Literal["or", "and"]


@dataclass(frozen=True)
class HeadPair:
    """Two heads, and what the prediction loses without them: changes of the logit."""

    first: str
    """The earlier one: `L23.H4`."""
    second: str
    effect_first: float
    """Without the first alone."""
    effect_second: float
    together: float
    """Without both."""
    interaction: float
    """`together` minus both effects."""

    @property
    def label(self) -> str:
        """`L23.H4 + L29.H1`."""
        return f"{self.first} + {self.second}"

    @property
    def gate(self) -> Gate | None:
        """Of two heads that both speak for the target, or both against it: `or` where they take away more together than
        one by one, `and` where less; None of others.
        """
        if self.effect_first * self.effect_second <= 0:
            return None
        return "or" if self.interaction * self.effect_first > 0 else "and"

    @property
    def repairs(self) -> bool:
        """Whether the second makes up for the first: without the first it is worth more to the target."""
        return self.first.split(".")[0] != self.second.split(".")[0] and self.effect_first < 0 and self.interaction < 0


@dataclass(frozen=True, repr=False)
class HeadPairs(Result[HeadPair]):
    """The interactions of pairs of heads. Made by `head_pairs`."""

    measure = "interaction"

    model: Model
    tokens: tuple[int, ...]
    target: Prediction
    versus: int | None
    """The token whose logit is subtracted."""
    base: float
    """The logit, or the difference, with every head."""
    positions: tuple[int, ...]
    """Where heads were set to zero."""
    pairs: tuple[HeadPair, ...]
    planned: int
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def complete(self) -> bool:
        """Whether every pair is here."""
        return len(self.pairs) == self.planned

    def entries(self) -> tuple[HeadPair, ...]:
        """The pairs, in the order of the model."""
        return self.pairs

    def repaired(self, head: str) -> HeadPair | None:
        """Of the pairs in which a later head makes up for this one, the one that does most; None if none does."""
        found = [pair for pair in self.pairs if pair.first == head and pair.repairs]
        return min(found, key=lambda pair: pair.interaction, default=None)

    def _found(self) -> str:
        return listed([f"{pair.label} {pair.interaction:+.3f}" for pair in self.top(SHOWN)], len(self.pairs))


@prompted
def head_pairs(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    heads: int | Sequence[str] | None = None,
    position: Literal["last", "all"] = "last",
    memory: int | None = None,
    progress: Progress = silent,
) -> HeadPairs:
    """Switch off every pair of heads: which make up for each other, and which are of use together alone.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token whose logit is read after the last token; None takes the top prediction.
        versus: a token whose logit is subtracted.
        heads: all pairs of the heads of these names (`L23.H4`), or of so many whose own effects are the largest; None
            takes all heads.
        position: where heads write nothing: "last" (where the target is asked), or "all".
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Raises:
        InputError: a bad prompt, target or word; fewer than two heads; no such head; an encoder-decoder.
        Interrupted: on Ctrl-C, with the pairs that were finished.
    """
    model = prompt.model
    decoders_only(model, "A pair of heads")
    if position not in ("last", "all"):
        raise InputError(f"Expected a position of last or all, found {position!r}.")
    run = prompt.recorded()
    token, other = run.token(target), None if versus is None else run.token(versus)
    at = (prompt.asked,) if position == "last" else tuple(range(run.length))
    known = parts_of(model, "head") if heads is None or isinstance(heads, int) else _named(model, heads)
    read = logit(token) if other is None else logit(token, other)
    how = {"at": (prompt.asked,), "memory": memory, "progress": progress}
    unchanged = edits.scale(Site(kind="resid_post", layer=model.layers - 1, positions=(prompt.asked,)), 1.0)
    alone = (
        counterfactuals(run, [unchanged, *(edits.zero(part.site(*at)) for part in known)], read, **how).double().cpu()
    )
    base, single = float(alone[0]), (alone[1:] - alone[0]).tolist()
    effects = dict(zip(known, single, strict=True))
    if isinstance(heads, int):
        best = sorted(known, key=lambda part: -abs(effects[part]))[: counted(heads, "the heads", least=2)]
        known = tuple(part for part in known if part in best)
    if len(known) < 2:
        raise InputError(f"A pair needs two heads, found {len(known)}.")
    chosen = list(combinations(known, 2))
    notes = (*prompt_notes(model, prompt.messages or prompt.text), *target_notes(model, prompt.context, target))
    about = run.prediction(token, position=prompt.asked)
    empty = HeadPairs(model, prompt.tokens, about, other, base, at, (), len(chosen), notes)

    def result(values: Tensor) -> HeadPairs:
        rows = zip(chosen, (values.double().cpu() - base).tolist(), finished(values).tolist(), strict=True)
        return replace(empty, pairs=tuple(_pair(pair, effects, both) for pair, both, done in rows if done))

    try:
        return result(counterfactuals(run, _versions(run, chosen, at), read, **how))
    except Interrupted as stop:
        raise Interrupted(result(stop.result)) from stop


def _pair(pair: tuple[Part, Part], effects: dict[Part, float], together: float) -> HeadPair:
    first, second = (effects[part] for part in pair)
    return HeadPair(pair[0].label, pair[1].label, first, second, together, together - first - second)


def _named(model: Model, names: Sequence[str]) -> tuple[Part, ...]:
    wanted = {Part.parse(name) for name in names}
    wrong = [part.label for part in wanted if part.kind != "head" or part.encoder]
    if wrong:
        raise InputError(f"Expected heads such as L23.H4, found {', '.join(sorted(wrong))}.")
    found = tuple(part for part in parts_of(model, "head") if part in wanted)
    missing = sorted(part.label for part in wanted - set(found))
    if missing:
        raise InputError(f"{model.name} has no head {', '.join(missing)}.")
    return found


def _versions(run: Run, pairs: list[tuple[Part, Part]], at: tuple[int, ...]) -> list[list[Edit]]:
    """The run without both heads of each pair."""
    plain = at != (run.length - 1,) or run.model.bidirectional
    before = {} if plain else _streams(run, dict.fromkeys(first for first, _ in pairs), at)
    versions = []
    for first, second in pairs:
        gone = edits.zero(first.site(*at))
        if not plain and second.layer > first.layer:
            gone = edits.set_to(Site(kind="resid_pre", layer=second.layer, positions=at), before[first, second.layer])
        versions.append([gone, edits.zero(second.site(*at))])
    return versions


def _streams(run: Run, heads: dict[Part, None], at: tuple[int, ...]) -> dict[tuple[Part, int], Tensor]:
    """The stream before each later layer, without each head."""
    found: dict[tuple[Part, int], Tensor] = {}
    for layer in sorted({head.layer for head in heads}):
        own = [head for head in heads if head.layer == layer]
        later = [Site(kind="resid_pre", layer=each, positions=at) for each in range(layer + 1, run.model.layers)]
        if not later:
            continue
        seen = watched(run, [edits.zero(head.site(*at)) for head in own], later)
        found |= {(head, site.layer): values[site] for head, values in zip(own, seen, strict=True) for site in later}
    return found
