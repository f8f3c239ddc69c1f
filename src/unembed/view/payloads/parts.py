"""What the page asks about parts, as data: a row of the ledger opened, a part inspected, parts set together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unembed.methods.verdicts import Effect
from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    Prediction,
    PromptToken,
    Target,
    Term,
    Token,
    prediction_of,
    prompt_tokens,
    target_of,
    term_of,
    token_of,
)
from unembed.view.payloads.explanation import LookedAt, looked_at
from unembed.view.payloads.verdicts import Crowd

if TYPE_CHECKING:
    from unembed.ledger.inspect_part import Inspection
    from unembed.ledger.rows import SublayerTerms
    from unembed.ledger.stream_terms import StreamTerm
    from unembed.methods.circuits.readings import Reading as ReadingResult
    from unembed.methods.intervene import Change, Intervened
    from unembed.models.model import Model
    from unembed.models.parts import Part as PartResult
    from unembed.runs.run import Run


@dataclass(frozen=True)
class Part:
    """A sublayer, or a head, neuron or expert of one."""

    kind: Literal["attention", "cross_attention", "mlp", "head", "cross_head", "neuron", "expert"]
    """What it is."""
    layer: int
    head: int | None = None
    expert: int | None = None
    neuron: int | None = None
    encoder: bool = False
    """Whether it is inside the encoder of an encoder-decoder."""


@dataclass(frozen=True)
class Others:
    """Terms that are not listed, and what they add together."""

    count: int
    """How many."""
    value: float
    """Their sum."""


@payload("unembed/terms/1")
class TermsPayload:
    """One row of the ledger, opened: terms without a source and the others sum to `parent`."""

    layer: int
    sublayer: Literal["attention", "cross_attention", "mlp"]
    """Which of the block."""
    parent: float
    """What the row adds, in logits."""
    terms: list[Term]
    """First the row's children: heads and biases, or the largest neurons and biases; of a 16-bit run also what the
    output product rounded. Then, of attention, every head by source, and what its mix rounded (`head_rounding`,
    `cross_head_rounding`): those of one head sum to its term."""
    others: Others
    """Neurons that are not listed, in logits."""


@dataclass(frozen=True)
class PartTest:
    """A part, and what it is set to."""

    part: Part
    """The part."""
    how: Literal["zero", "double", "mean", "swap"]
    """To zero, twice its value, its mean over plain text, or its value from the other prompt."""


@payload("unembed/test/2")
class TestPayload:
    """A prediction before and after some parts are set at its position, together."""

    tests: list[PartTest]
    """All set together."""
    before: list[Prediction]
    """The top predictions without them."""
    after: list[Prediction]
    """The top predictions with them."""
    target_before: Target
    """The explained token without them."""
    target_after: Target
    """And with them."""
    nats: float
    """What they do to the log-odds of the token, or to its logit difference to `vs`."""
    effect: Effect | None
    """The same beside the same change of other parts: of every other one of its kind for a part that was zeroed,
    of as many neurons of the same layers at random for neurons that were zeroed or doubled together. Else null."""
    control: Crowd | None
    """The others; null where there is no effect to compare."""


@dataclass(frozen=True)
class ReadPart:
    """What wrote to the stream that is read: `embedding`, `head`, `mlp`, `constant` and the like."""

    kind: str
    """What it is."""
    layer: int | None
    head: int | None


@dataclass(frozen=True)
class ReadTerm:
    """One addend of what a part reads."""

    part: ReadPart
    """What wrote it."""
    value: float
    """What it adds to the number."""


@dataclass(frozen=True)
class Reading:
    """A number that a part computes of the stream; `terms` and `others` sum to it."""

    what: Literal["pre-activation", "gate", "up", "query", "key"]
    """Which number."""
    value: float
    """The model's own number: of query and key it is the score."""
    source: PromptToken | None
    """Of a head: the token it attends to most, where the score is read."""
    terms: list[ReadTerm]
    """The largest."""
    others: Others
    """Terms that are not listed."""
    error: float
    """The sum of all terms minus `value`."""
    tolerance: float


@payload("unembed/inspect/1")
class InspectPayload:
    """Where a part looks and what it writes at the explained position."""

    part: Part
    """The part."""
    value: float | None
    """What it adds to the readout, in logits; inside an encoder, over all positions of the source."""
    activation: float | None
    """Of a neuron; null for other parts, and inside an encoder."""
    looks_at: list[LookedAt]
    """Of a head, the largest attention first; of an encoder's the mean over all positions that attend."""
    promotes: list[Token]
    """Tokens whose logits its write raises most; none of a part inside an encoder."""
    suppresses: list[Token]
    """Tokens whose logits its write lowers most."""


@payload("unembed/reads/1")
class ReadsPayload:
    """What a part reads of the stream at the explained position."""

    part: Part
    """The part."""
    reads: list[Reading]
    """Of a head its score, by query and by key; of a gated neuron its gate and up value, of another its pre-activation.
    Empty for a sublayer, for a neuron of a mixture, for a head where the run of a long prompt has one position, and in
    an encoder-decoder."""


def _part_of(part: "PartResult") -> Part:
    """A part as data."""
    return Part(part.kind, part.layer, part.head, part.expert, part.neuron, part.encoder)


@payload_of.register
def terms_payload(result: "SublayerTerms") -> TermsPayload:
    """An opened row of the ledger as data."""
    return TermsPayload(
        layer=result.layer,
        sublayer=result.sublayer,
        parent=result.parent,
        terms=[term_of(term) for term in (*result.children, *result.sources)],
        others=Others(count=result.others_count, value=result.others),
    )


@payload_of.register
def inspect_payload(result: "Inspection") -> InspectPayload:
    """An inspected part as data."""
    run = result.readout.run
    model = run.model
    return InspectPayload(
        part=_part_of(result.part),
        value=result.value,
        activation=result.activation,
        looks_at=looked_at(run, result.looks_at, cross=result.part.kind == "cross_head" or result.part.encoder),
        promotes=[token_of(model, token) for token in result.promotes],
        suppresses=[token_of(model, token) for token in result.suppresses],
    )


def reads_payload(run: "Run", part: "PartResult", reads: "Sequence[ReadingResult]") -> ReadsPayload:
    """What a part reads as data."""
    return ReadsPayload(part=_part_of(part), reads=[_reading(run.model, run.tokens, each) for each in reads])


def _reading(model: "Model", tokens: tuple[int, ...], reading: "ReadingResult") -> Reading:
    place = reading.source
    return Reading(
        what=reading.what,
        value=reading.value,
        source=None if place is None else prompt_tokens(model, tokens)[place],
        terms=[ReadTerm(_read_part(t.term), t.value) for t in reading.terms],
        others=Others(count=reading.others_count, value=reading.others),
        error=reading.error,
        tolerance=reading.tolerance,
    )


def _read_part(term: "StreamTerm") -> ReadPart:
    return ReadPart(kind=term.kind, layer=term.layer, head=term.head)


@payload_of.register
def test_payload(result: "Intervened") -> TestPayload:
    """A prediction before and after as data."""
    model, compared = result.run.model, result.compared
    return TestPayload(
        tests=[_test(change) for change in result.changes],
        before=[prediction_of(model, p) for p in result.before],
        after=[prediction_of(model, p) for p in result.after],
        target_before=target_of(model, result.target_before),
        target_after=target_of(model, result.target_after),
        nats=result.nats,
        effect=None if compared is None else compared.effect,
        control=None if compared is None else Crowd(count=compared.effect.among - 1, limit=compared.limit),
    )


def _test(change: "Change") -> PartTest:
    return PartTest(part=_part_of(change.part), how=change.how)
