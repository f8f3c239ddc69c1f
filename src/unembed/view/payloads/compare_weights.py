"""`unembed explain --against` as data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    Prediction,
    PromptToken,
    Reference,
    Target,
    model_facts,
    prediction_of,
    prompt_tokens,
    reference_of,
    target_of,
    versions,
)

if TYPE_CHECKING:
    from unembed.methods.compare_weights import WeightComparison


@dataclass(frozen=True)
class PartChange:
    """What one part adds to the difference of the two readouts."""

    label: str
    """`embedding`, `L3 attn`, `L3 mlp`, or `readout`: final norm and unembedding."""
    kind: Literal["embedding", "attention", "mlp", "readout"]
    """What the part is."""
    layer: int | None
    value: float
    """`weights + input`, in logits."""
    weights: float
    """Since its weights are others, in logits."""
    input: float
    """Since what it reads is another, in logits; of the readout, the scale of the final norm."""
    alone: float
    """The readout of the first model with this part of the other in the place of its own."""


@dataclass(frozen=True)
class PartsTogether:
    """Parts of the other model put into the first together."""

    labels: list[str]
    """Of the parts, as in `changes`; of the last entry all."""
    value: float
    """The readout with them, in logits."""
    top: Prediction
    """What the model predicts with them."""
    probability: float
    """Of the target with them."""


@payload("unembed/compare-weights/1")
class CompareWeightsPayload:
    """`unembed explain --against --json`."""

    model: ModelFacts
    against: ModelFacts
    """The other set of weights."""
    tokens: list[PromptToken]
    position: int
    target: Target
    """With what the first model gives it."""
    reference: Reference
    top: list[Prediction]
    """What each model predicts: the first, the other."""
    value: float
    """The readout of the first model, in logits."""
    other: float
    """That of the other."""
    difference: float
    """`other - value`: the sum of `changes` and `rounding`."""
    changes: list[PartChange]
    """One a part, in the order of the stream."""
    rounding: float
    """What the two runs rounded differently, of 16-bit models; else 0."""
    tolerance: float
    """What rounding lets the sum be off by."""
    together: list[PartsTogether]
    """The parts that do most alone: first one, then two, and so on; last all parts."""
    notes: list[str]
    versions: dict[str, str]


@payload_of.register
def compare_weights_payload(result: "WeightComparison") -> CompareWeightsPayload:
    """Two sets of weights as data."""
    read, model, other = result.readout, result.model, result.other.run
    assert read.target is not None
    return CompareWeightsPayload(
        model=model_facts(model),
        against=model_facts(other.model),
        tokens=prompt_tokens(model, result.tokens),
        position=read.position,
        target=target_of(model, result.run.prediction(read.target, position=read.position)),
        reference=reference_of(model, read),
        top=[prediction_of(run.model, run.top(1, position=read.position)[0]) for run in (result.run, other)],
        value=read.value,
        other=result.other.value,
        difference=result.difference,
        changes=[
            PartChange(c.label, c.kind, c.layer, c.value, c.weights, c.input, c.alone)  # type: ignore[arg-type]
            for c in result.changes
        ],
        rounding=result.rounding,
        tolerance=result.tolerance,
        together=[
            PartsTogether([*t.labels], t.value, prediction_of(model, t.top), t.target.probability)
            for t in result.together
        ],
        notes=[*result.notes],
        versions=versions(),
    )
