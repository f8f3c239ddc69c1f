"""Ablation: what a prediction loses when one part of the model writes nothing, or what it writes on average.

    effect(part) = f(target | the part's value set to 0, or to its mean) - f(target)

with `f` the logit, the probability and its logarithm, of one token or of a whole answer, whose logits are summed,
for every head, sublayer, neuron or expert, all in one sweep of the counterfactual engine. Exact: each effect is that of
a full run with that part set, up to rounding. What is set, at the positions asked for:

| site | what is set | its zero |
|---|---|---|
| `head` | `z`, a head's mix of values | the head writes nothing; the bias of the output projection stays |
| `cross_head` | the same, of a cross-attention | the same |
| `attention`, `cross_attention`, `mlp` | what the sublayer adds to the stream, all included | it adds nothing |
| `neuron` | an activation | the neuron writes nothing |
| `expert` | the router's weight of an expert | the expert writes nothing; other weights are not scaled up |
| `enc.head`, `enc.attention`, `enc.mlp`, `enc.neuron` | the same inside an encoder | the decoder reads what is left |

An effect is a *total* effect: later layers react to what is gone, and may make up for it. A zero may be far from any
value the part takes, so part of the effect may come from an unusual state. The mean stays nearer to the usual, above
all the mean over a data set at the same position (Wang et al. 2022, *Interpretability in the Wild*; prompt_sets.py).
Where a block has a post-norm, it rescales the parts that stay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals, finished
from unembed.engine.edits import Edit
from unembed.engine.measures import TokenMeasure, log_probability, probability, several, summed_logit
from unembed.errors import InputError, Interrupted, counted
from unembed.methods.prompt_sets import OVER_A_SET, PromptSet, set_by
from unembed.methods.whole_answer import GivenAnswer, whole_answer
from unembed.models.model import Model, check_has_layers, checked_layer
from unembed.models.names import part_name, stack_and_word
from unembed.models.parts import PARTS, EncoderPart, PartKind, parts_of
from unembed.models.prompts import absolute_position, prompt_notes
from unembed.models.refusals import check_has_neurons
from unembed.models.reprs import SHOWN, listed
from unembed.models.sites import Site, encoder_of
from unembed.models.targets import target_notes
from unembed.progress import Progress, silent
from unembed.runs.means import means
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import Result
from unembed.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part = PartKind | EncoderPart
_WORDS: tuple[str, ...] = (*get_args(PartKind), *get_args(EncoderPart))
How = Literal["zero", "mean", "mean-position", "resample"]

_SET_TO: dict[How, str] = {
    "zero": "zero",
    "mean": "its mean",
    "mean-position": "its mean at the position",
    "resample": "its value in the counterpart",
}


@dataclass(frozen=True)
class Effect:
    """What setting one part changes: ablated minus base. What does not apply is None."""

    layer: int
    head: int | None
    expert: int | None
    neuron: int | None
    logit: float
    probability: float
    log_probability: float
    """In nats."""


@dataclass(frozen=True)
class Base:
    """The target, or all tokens of an answer, with nothing ablated."""

    logit: float
    """Of several tokens the sum."""
    probability: float
    """Of several tokens the product, each after those before it."""
    log_probability: float
    """In nats."""


@dataclass(frozen=True, repr=False)
class Ablation(Result[Effect]):
    """The effects of all parts of one kind on one prediction. Made by `ablate`."""

    measure = "probability"

    model: Model
    tokens: tuple[int, ...]
    target: Prediction
    """What the model gave the target after the prompt, with nothing ablated; of an answer its first token."""
    answer: tuple[int, ...]
    """The tokens whose logits are summed and probabilities multiplied; without an answer the target alone."""
    base: Base
    """What the model gave these with nothing ablated."""
    site: Part
    positions: tuple[int, ...]
    """Where parts were set; inside an encoder, positions of the source."""
    how: How
    effects: tuple[Effect, ...]
    """In the order of the layers."""
    planned: int
    """How many effects there are in all; more than `effects` holds if the sweep was interrupted."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @property
    def complete(self) -> bool:
        """Whether every effect is here."""
        return len(self.effects) == self.planned

    @property
    def ranked_by(self) -> Literal["probability", "log_probability"]:
        """By what parts are ranked: of an answer, which may be most improbable, the log-probability."""
        return "probability" if len(self.answer) == 1 else "log_probability"

    @property
    def unit(self) -> str:
        """Of what parts are ranked by."""
        return f"change of the {self.ranked_by.replace('_', '-')}"

    def entries(self) -> tuple[Effect, ...]:
        """The effects."""
        return self.effects

    def top(self, count: int = 10) -> Sequence[Effect]:
        """The largest effects, of either sign."""
        return sorted(self.effects, key=lambda effect: -abs(getattr(effect, self.ranked_by)))[: counted(count)]

    def columns(self, entry: Effect) -> dict[str, Any]:
        """An effect, and the name of its part."""
        return {"label": part_name(self.site, entry.layer, entry.head, entry.expert, entry.neuron)} | vars(entry)

    def plot(self) -> "Figure":
        """Draw the changes of the probability: of heads by layer and head, of other parts the largest.

        Raises:
            InputError: matplotlib is not installed.
        """
        encoder, kind = stack_and_word(self.site)
        if PARTS[kind].indices != ("head",):
            return super().plot()
        from unembed.runs.figures import by_layer

        return self.captioned(
            by_layer(
                ((effect.layer, effect.head or 0, getattr(effect, self.ranked_by)) for effect in self.effects),
                columns=[str(head) for head in range((encoder_of(self.model) if encoder else self.model).heads)],
                axis="head",
                unit=self.unit,
                title=f"Each head set to {_SET_TO[self.how]}",
            )
        )

    def _found(self) -> str:
        best = [
            f"{part_name(self.site, e.layer, e.head, e.expert, e.neuron)} {getattr(e, self.ranked_by):+.3f}"
            for e in self.top(SHOWN)
        ]
        return f"P = {self.base.probability:.3g}, {listed(best, len(self.effects))}"


@prompted
def ablate(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    answer: GivenAnswer | None = None,
    site: Part = "head",
    position: Literal["last", "all"] | int | None = None,
    how: How = "zero",
    texts: Iterable[str | Sequence[int]] | PromptSet | None = None,
    layers: Sequence[int] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Ablation:
    """What each part of a kind is worth to a prediction.

    Args:
        prompt: a recorded run, or a model and a prompt. The target is read after its last token, or at the blank of a
            masked language model.
        target: the token (of a longer text, the first token); None takes the top prediction.
        answer: a whole answer in the target's place: the sum of the logits and of the log-probabilities of its tokens,
            each after those before it. "auto" is what the model says by itself (whole_answer.py).
        site: which parts. In a mixture of experts, neurons and experts are those of the experts that the router chose
            at the positions.
        position: where parts are set: "last" (where it is asked; of an answer, wherever a token of it is predicted),
            "all" (with an answer, also at its tokens), or an index in the prompt (negative counts from the end); None
            is "last", and inside an encoder "all". Parts of an encoder are set at positions of the source.
        how: "zero"; "mean", over all positions of `texts`; of a data set, "mean-position" at the position of the same
            name, and "resample", the value in the prompt's own counterpart (prompt_sets.py).
        texts: prompts for the mean, or a data set (`prompt_set`); of which the counterparts are taken, if it has any.
        layers: only parts of these layers; None takes all.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Raises:
        InputError: a bad prompt, target, word, position or layer; a mean without texts; no such part in these layers.
        Interrupted: on Ctrl-C, with the effects that were finished.
    """
    _check_words(site, how, texts)
    if answer is not None and how in OVER_A_SET:
        raise InputError("A data set knows its prompts alone: with a whole answer set parts to zero, or to their mean.")
    if answer is not None and target is not None:
        raise InputError("An answer is read as a whole: leave the target out.")
    model, ids = prompt.model, prompt.tokens
    said = None if answer is None else whole_answer(prompt, answer)
    more = () if said is None else said.tokens[:-1]
    read = tuple(range(prompt.asked, prompt.asked + 1 + len(more)))
    inside, kind = stack_and_word(site)
    stack = encoder_of(model) if inside else model
    check_has_layers(stack)
    if PARTS[kind].place == "mlp":
        check_has_neurons(stack)
    default = "all" if inside else "last"
    length = len(model.source or ()) if inside else len(ids)
    what, last, whole = ("source", (length - 1,), length) if inside else ("prompt", read, length + len(more))
    edited = _positions(default if position is None else position, what, length, last, whole)
    run = prompt.followed_by(more).recorded(sorted({*(() if inside else edited), *read}))
    tokens = (run.token(target),) if said is None else said.tokens
    chosen = range(stack.layers) if layers is None else sorted({checked_layer(stack, layer) for layer in layers})
    sites = [s for layer in chosen for s in _sites(run, site, layer, edited)]
    if not sites:
        where = "" if layers is None else f" in the layers {list(chosen)}"
        raise InputError(f"{model.name} has no mixture of experts{where}: choose another site.")
    empty = Ablation(
        model=model,
        tokens=ids,
        target=run.prediction(tokens[0], position=read[0]),
        answer=tokens,
        base=Base(*_measure(tokens)(run.logits[[run.row(p) for p in read]][None])[0].double().tolist()),
        site=site,
        positions=edited,
        how=how,
        effects=(),
        planned=len(sites),
        notes=(
            *prompt_notes(model, prompt.messages or prompt.text),
            *target_notes(model, prompt.context, target),
            *(() if said is None else said.notes),
        ),
    )
    changes = _changes(run, sites, how, texts)
    return _swept(empty, run, sites, changes, read, memory, progress)


def _measure(tokens: tuple[int, ...]) -> TokenMeasure:
    """The numbers of `Base`."""
    return several(summed_logit(tokens), probability(tokens), log_probability(tokens))


def _swept(
    empty: Ablation,
    run: Run,
    sites: list[Site],
    changes: list[Edit],
    read: tuple[int, ...],
    memory: int | None,
    progress: Progress,
) -> Ablation:
    base = torch.tensor(list(vars(empty.base).values()), dtype=torch.float64)

    def result(values: Tensor) -> Ablation:
        effects = tuple(
            Effect(s.layer, s.head, s.expert, s.neuron, *(value.double().cpu() - base).tolist())
            for s, value, done in zip(sites, values, finished(values).tolist(), strict=True)
            if done
        )
        return replace(empty, effects=effects)

    try:
        values = counterfactuals(run, changes, _measure(empty.answer), at=read, memory=memory, progress=progress)
    except Interrupted as stop:
        raise Interrupted(result(stop.result)) from stop
    return result(values)


def _check_words(site: str, how: str, texts: object) -> None:
    if site not in _WORDS:
        raise InputError(f"Expected a site of {', '.join(_WORDS)}; found {site!r}.")
    if how not in get_args(How):
        raise InputError(f"Expected parts to be set to zero or to their mean, found {how!r}.")
    if how in OVER_A_SET and not isinstance(texts, PromptSet):
        raise InputError(
            f"Parts are set by {how} over a data set of prompts: give one (prompt_set), or set them to zero."
        )
    if how == "mean" and texts is None:
        raise InputError("A mean is taken over the prompts of a text: give a text, or set parts to zero.")
    if how == "zero" and texts is not None:
        raise InputError("A text is for the mean: set parts to their mean, or leave the text out.")


def _positions(position: str | int, what: str, length: int, last: tuple[int, ...], whole: int) -> tuple[int, ...]:
    """Where parts are set, of a prompt (or source) of some length, which with an answer is the `whole`."""
    if position == "all":
        return tuple(range(whole))
    if position == "last":
        return last
    if isinstance(position, str):
        raise InputError(f"Expected a position of last, all or an index, found {position!r}.")
    return (absolute_position(position, length, what),)


def _sites(run: Run, part: Part, layer: int, positions: tuple[int, ...]) -> list[Site]:
    """The parts of one layer; of a mixture, those of the experts that ran."""
    if part == "expert" and run.model.blocks[layer].experts is None:
        return []
    ran = [] if stack_and_word(part)[0] else _experts(run, layer, positions)
    found = parts_of(run.model, part, [layer])
    return [one.site(*positions) for one in found if one.expert is None or one.expert in ran]


def _experts(run: Run, layer: int, positions: tuple[int, ...]) -> list[int]:
    """The experts that the router chose at any of the positions; none in a dense layer."""
    if run.model.blocks[layer].experts is None:
        return []
    weights = run.at(Site(kind="expert", layer=layer, positions=positions))
    return weights.any(0).nonzero()[:, 0].tolist()


def _changes(
    run: Run, sites: list[Site], how: How, texts: Iterable[str | Sequence[int]] | PromptSet | None
) -> list[Edit]:
    """What each part is set to."""
    if isinstance(texts, PromptSet):
        if how in OVER_A_SET:
            return set_by(run, sites, how, texts)
        texts = [list(tokens) for tokens, _ in texts.counterparts]
    return [edits.zero(site) for site in sites] if texts is None else _to_mean(run.model, texts, sites)


def _to_mean(model: Model, texts: Iterable[str | Sequence[int]], sites: list[Site]) -> list[Edit]:
    layers = sorted({site.layer for site in sites})
    each = [Site(kind=sites[0].kind, layer=i, encoder=sites[0].encoder) for i in layers]
    found = dict(zip(layers, means(model, texts, each), strict=True))
    return [replace(edits.set_to(site, found[site.layer][site.index]), what="mean") for site in sites]
