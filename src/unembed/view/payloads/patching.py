"""`unembed patch`, `unembed trace` and `unembed steer` as data."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    PromptToken,
    Token,
    model_facts,
    prompt_tokens,
    token_of,
    versions,
)
from unembed.view.payloads.generation import GeneratedToken, generated_token

if TYPE_CHECKING:
    from unembed.methods.causal_trace import CausalTrace
    from unembed.methods.generate import Step
    from unembed.methods.patching import Direction, Patching
    from unembed.methods.steer import Steering
    from unembed.models.model import Model


@dataclass(frozen=True)
class PatchCell:
    """One patched run."""

    layer: int
    position: int | None
    """In the clean prompt; null where all positions are patched together."""
    head: int | None
    expert: int | None
    neuron: int | None
    value: float
    """The metric of the patched run."""
    effect: float | None
    """0: as the run that is patched; 1: as the other run. Null where the metric is the same in both."""
    until: int | None = None
    """The last position of a group that is patched together; null of one position."""


@payload("unembed/patch/2")
class PatchPayload:
    """`unembed patch --json`."""

    model: ModelFacts
    clean_tokens: list[PromptToken]
    """The prompt that shows the behaviour; for sites inside an encoder, the source. Empty where that is no text."""
    corrupt_tokens: list[PromptToken]
    """The same with what matters changed."""
    site: Literal[
        "resid_pre",
        "resid_mid",
        "resid_post",
        "attention",
        "cross_attention",
        "mlp",
        "head",
        "cross_head",
        "neuron",
        "enc.resid_pre",
        "enc.resid_mid",
        "enc.resid_post",
        "enc.attention",
        "enc.mlp",
        "enc.head",
        "enc.neuron",
    ]
    """`resid_pre` of layer `l` is the stream before block `l`, `resid_post` the stream after it; `enc.` is inside the
    encoder."""
    metric: str
    """`logit-difference`, `log-probability`, `probability` or `kl`."""
    target: list[Token] | None
    """The tokens of the answer; null where the metric reads none."""
    versus: Token | None
    """The other token of the difference; null where there is none."""
    clean: float
    """The metric of the clean run."""
    corrupt: float
    """The metric of the corrupt run."""
    align: list[tuple[int, int]]
    """Positions that correspond: clean, corrupt."""
    shared: int
    """How many positions at the start hold the same in both runs: a patch of them changes nothing."""
    direction: Literal["denoise", "noise", "both"]
    """denoise: the corrupt run with clean values; noise: the reverse."""
    grid: list[PatchCell]
    """Of the direction; of denoise where it is both."""
    noise_grid: list[PatchCell] | None
    """Of noise where the direction is both, else null."""
    planned: int
    """Cells of a whole grid; cells that were not computed before an interruption are missing from it."""
    complete: bool
    """Whether all cells were computed."""
    versions: dict[str, str]
    clean_places: list[str] = field(default_factory=list)
    """What stands at each position of a source that is no text, for sites inside its encoder: times, of a sound."""
    notes: list[str] = field(default_factory=list)


@payload_of.register
def patch_payload(result: "Patching") -> PatchPayload:
    """A sweep of patched runs as data."""
    model, directions = result.model, list(result.values)
    return PatchPayload(
        model=model_facts(model),
        clean_tokens=[] if result.places else prompt_tokens(model, result.clean_tokens),
        corrupt_tokens=[] if result.places else prompt_tokens(model, result.corrupt_tokens),
        site=result.site,
        metric=result.metric,
        target=None if result.target is None else [token_of(model, t) for t in result.target],
        versus=None if result.versus is None else token_of(model, result.versus),
        clean=result.clean,
        corrupt=result.corrupt,
        align=list(result.alignment.pairs),
        shared=result.alignment.shared,
        direction="both" if len(directions) > 1 else directions[0],
        grid=_grid(result, directions[0]),
        noise_grid=_grid(result, "noise") if len(directions) > 1 else None,
        planned=len(result.cells),
        complete=result.complete,
        versions=versions(),
        clean_places=list(result.places),
        notes=list(result.notes),
    )


def _grid(result: "Patching", direction: "Direction") -> list[PatchCell]:
    values = result.values[direction].tolist()
    flat = result.clean == result.corrupt
    effects = [None] * len(values) if flat else result.effect(direction).tolist()
    return [
        PatchCell(**vars(cell), value=value, effect=effect)
        for cell, value, effect in zip(result.cells, values, effects, strict=True)
        if not math.isnan(value)
    ]


@dataclass(frozen=True)
class TraceCell:
    """One restored state."""

    layer: int
    position: int
    """Counted from 0."""
    value: float
    """The target's probability with this state restored, the mean over samples."""
    error: float | None
    """The standard error of that mean; null with one sample."""
    effect: float | None
    """0: as the noisy runs; 1: as the clean run. Null where these are equal."""


@payload("unembed/trace/2")
class TracePayload:
    """`unembed trace --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    subject: list[int]
    """The positions that got noise."""
    target: list[Token]
    """The tokens of the answer."""
    site: Literal["resid_pre", "resid_mid", "resid_post", "attention", "mlp"]
    """`resid_pre` of layer `l` is the stream before block `l`, `resid_post` the stream after it."""
    window: int
    """How many layers are restored together."""
    noise_std: float
    """The standard deviation of the noise, in the units of the embedding."""
    seed: int
    """Of the noise."""
    samples: int
    """How many were finished."""
    clean: float
    """The target's probability in the clean run."""
    corrupt: float
    """And in the noisy runs, their mean."""
    grid: list[TraceCell]
    """By layer, then by position."""
    complete: bool
    """False after an interruption: fewer samples than asked for."""
    versions: dict[str, str]


@payload_of.register
def trace_payload(result: "CausalTrace") -> TracePayload:
    """A causal trace as data."""
    corrupt = float(result.corrupt.mean())
    values, errors = result.values.tolist(), result.errors.tolist()
    span = result.clean - corrupt
    return TracePayload(
        model=model_facts(result.model),
        tokens=prompt_tokens(result.model, result.tokens),
        subject=list(result.subject),
        target=[token_of(result.model, t) for t in result.target],
        site=result.site,
        window=result.window,
        noise_std=result.std,
        seed=result.seed,
        samples=len(result.corrupt),
        clean=result.clean,
        corrupt=corrupt,
        grid=[
            TraceCell(
                layer=layer,
                position=position,
                value=value,
                error=None if math.isnan(errors[layer][position]) else errors[layer][position],
                effect=(value - corrupt) / span if span else None,
            )
            for layer, row in enumerate(values)
            for position, value in enumerate(row)
        ],
        complete=len(result.corrupt) == result.asked,
        versions=versions(),
    )


@dataclass(frozen=True)
class Continuation:
    """What followed the prompt."""

    generated: list[GeneratedToken]
    """In order."""
    text: str
    """The emitted text."""


@payload("unembed/steer/2")
class SteerPayload:
    """`unembed steer --json`."""

    model: ModelFacts
    prompt: list[PromptToken]
    """The tokens of the prompt."""
    site: Literal["resid_post", "attention", "mlp", "enc.resid_post", "enc.attention", "enc.mlp"]
    """What the direction is added to; `enc.` is inside the encoder."""
    layer: int
    added_length: float
    """The length of what is added at each position, scale included."""
    length: float
    """The mean length of the site's value over the prompt after its first token."""
    unsteered: Continuation
    """Without the direction."""
    steered: Continuation
    """With it."""
    complete: bool
    versions: dict[str, str]


@payload_of.register
def steer_payload(result: "Steering") -> SteerPayload:
    """Both continuations as data."""
    return SteerPayload(
        model=model_facts(result.model),
        prompt=prompt_tokens(result.model, result.tokens),
        site=result.site,  # type: ignore[arg-type]
        layer=result.edit.site.layer,
        added_length=result.added_length,
        length=result.length,
        unsteered=_continuation(result.model, result.unsteered),
        steered=_continuation(result.model, result.steered),
        complete=result.complete,
        versions=versions(),
    )


def _continuation(model: "Model", steps: "tuple[Step, ...]") -> Continuation:
    from unembed.models.prompts import continued

    ids = [step.token for step in steps]
    text = continued(model, steps[0].run.tokens, ids) if steps else ""
    return Continuation(generated=[generated_token(step, explained=False) for step in steps], text=text)
