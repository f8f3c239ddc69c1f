"""Kept heads: what is left of a behaviour when all heads but some are set to what says nothing of it.

    kept = mean over prompts of m(only these heads) / mean over prompts of m(whole model)

with `m` the logit of the target minus that of the other token, and every other head set at every position: to zero, to
its mean over all positions of the data set, to its mean by position there, or to its value in the prompt's counterpart.
It is the faithfulness of a circuit of heads (Wang et al. 2022, *Interpretability in the Wild*); MLPs stay as they are.
What it is set to matters more than which heads are kept: a mean over all positions, and zero, break what every head
reads, so that almost nothing is left of any circuit.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import logit
from unembed.errors import InputError
from unembed.methods.prompt_sets import OVER_A_SET, Example, PromptSet, set_by
from unembed.models.model import Model
from unembed.models.names import head_name
from unembed.models.parts import Part, parts_of
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.means import means
from unembed.runs.record import record
from unembed.runs.result import Result
from unembed.runs.run import Run
from unembed.seeds import generator

How = Literal["mean-position", "resample", "mean", "zero"]
_SAMPLES = 2000
"""Bootstrap samples of the interval."""
_FEWEST = 5
"""Prompts below which no interval is told."""


@dataclass(frozen=True)
class KeptPrompt:
    """What is left of one prompt's difference of logits."""

    prompt: int
    """Its number in the data set."""
    whole: float
    """Of the model as it is, in logits."""
    kept: float
    """With all other heads set."""

    @property
    def label(self) -> str:
        """Which prompt it is."""
        return f"prompt {self.prompt}"


@dataclass(frozen=True, repr=False)
class KeptHeads(Result[KeptPrompt]):
    """What some heads keep of a behaviour. Made by `keep_heads`."""

    measure: ClassVar[str] = "kept"

    model: Model
    heads: tuple[tuple[int, int], ...]
    how: str
    prompts: tuple[KeptPrompt, ...]
    interval: tuple[float, float] | None
    """In which 95 % of the bootstrap samples of the prompts lie; None of fewer than five."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about many prompts."""
        return ()

    @property
    def share(self) -> float:
        """What is kept of the mean difference: 1 is all of it; not a number where that difference is 0."""
        whole = sum(one.whole for one in self.prompts)
        return sum(one.kept for one in self.prompts) / whole if whole else math.nan

    def entries(self) -> tuple[KeptPrompt, ...]:
        """Each prompt."""
        return self.prompts

    def _found(self) -> str:
        names = ", ".join(head_name(*head) for head in self.heads[:3])
        more = f" and {len(self.heads) - 3} more" if len(self.heads) > 3 else ""
        return f"{self.share:.0%} of {len(self.prompts)} prompts by {names}{more} (others: {self.how})"


@torch.no_grad()
def keep_heads(
    among: PromptSet,
    heads: Iterable[str | tuple[int, int]],
    *,
    how: How = "mean-position",
    memory: int | None = None,
    progress: Progress = silent,
) -> KeptHeads:
    """What some heads keep of a behaviour when all others are set to what says nothing of it.

    Args:
        among: prompts with `target` and `versus`.
        heads: those that stay, as `L9.H6` or `(9, 6)`.
        how: what the others are set to, at every position: "mean-position", "resample", "mean" (over all
            positions of the counterparts) or "zero".
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each prompt.

    Raises:
        InputError: no such head, a prompt without target or versus, or what `set_by` refuses.
    """
    if how not in get_args(How):
        raise InputError(f"Expected heads to be set by {', '.join(get_args(How))}; found {how!r}.")
    chosen = _chosen(among.model, heads)
    others = [part for part in parts_of(among.model, "head") if (part.layer, part.head) not in chosen]
    levels = _levels(among, others) if how == "mean" else {}
    found = []
    for index, one in enumerate(among.examples):
        run = record(among.model, one.tokens)
        measure = logit(*_difference(run, one, index))
        whole = float(measure(run.logits[[run.row(run.asked)]][None])[0])
        planned = _planned(run, others, how, among.about(one), levels)
        kept = float(counterfactuals(run, [planned], measure, memory=memory)[0]) if planned else whole
        found.append(KeptPrompt(index, whole, kept))
        progress("prompts", (index + 1) / len(among.examples))
    return KeptHeads(among.model, tuple(sorted(chosen)), how, tuple(found), _interval(found))


def _chosen(model: Model, heads: Iterable[str | tuple[int, int]]) -> set[tuple[int, int]]:
    parts = [Part.parse(head) if isinstance(head, str) else Part("head", head[0], head[1]) for head in heads]
    known = {(part.layer, part.head) for part in parts_of(model, "head")}
    if wrong := [part for part in parts if part.kind != "head" or (part.layer, part.head) not in known]:
        raise InputError(f"Expected heads of {model.name}, such as L0.H0; found {wrong[0].label}.")
    return {(part.layer, part.head or 0) for part in parts}


def _difference(run: Run, one: Example, index: int) -> tuple[int, int]:
    if one.target is None or one.versus is None:
        raise InputError(f"Prompt {index} of the data set has no target and versus: their difference is what is kept.")
    return run.token(one.target), run.token(one.versus)


def _planned(run: Run, others: Sequence[Part], how: How, among: PromptSet, levels: dict[int, Tensor]) -> list[Edit]:
    sites = [part.site(*range(run.length)) for part in others]
    if how in OVER_A_SET:
        return set_by(run, sites, how, among)
    if how == "zero":
        return [edits.zero(site) for site in sites]
    return [edits.set_to(site, levels[site.layer][site.index]) for site in sites]


def _levels(among: PromptSet, others: Sequence[Part]) -> dict[int, Tensor]:
    """The mean of all heads of each layer, over all positions of the counterparts."""
    whole = [Site(kind="z", layer=layer) for layer in sorted({part.layer for part in others})]
    texts = [list(tokens) for tokens, _ in among.counterparts]
    return {site.layer: mean for site, mean in zip(whole, means(among.model, texts, whole), strict=True)}


def _interval(found: Sequence[KeptPrompt]) -> tuple[float, float] | None:
    """Of the share, over bootstrap samples of the prompts: whole and kept of one prompt are drawn together."""
    if len(found) < _FEWEST:
        return None
    values = torch.tensor([(one.kept, one.whole) for one in found], dtype=torch.float64)
    drawn = torch.randint(len(found), (_SAMPLES, len(found)), generator=generator(0))
    sums = values[drawn].sum(1)
    shares = sums[:, 0] / sums[:, 1]
    low, high = shares.quantile(torch.tensor([0.025, 0.975], dtype=shares.dtype)).tolist()
    return low, high
