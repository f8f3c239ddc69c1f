"""`unembed explain` as data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.models.labels import visible
from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    Prediction,
    PromptToken,
    Reference,
    SourceToken,
    Target,
    Term,
    Token,
    asks_of,
    model_facts,
    prediction_of,
    prompt_tokens,
    reference_of,
    roundings_of,
    source_tokens,
    target_of,
    terms_of,
    text_of,
    token_of,
    versions,
)
from unembed.view.payloads.sentence import Span, sentence_of
from unembed.view.payloads.verdicts import (
    Answer,
    Control,
    HeadEffect,
    Zeroed,
    answer_payload,
    control_of,
    head_effects_of,
    zeroed_of,
)
from unembed.view.payloads.words import UnitWithout, units_without

if TYPE_CHECKING:
    from unembed.ledger.ledger import Ledger as LedgerResult
    from unembed.ledger.ledger import Term as LedgerTerm
    from unembed.methods.controls import Population
    from unembed.methods.explain import Explanation, HeadNote, NeuronNote
    from unembed.methods.explain import Swap as SwapResult
    from unembed.methods.lens import Lens
    from unembed.models.model import Model
    from unembed.runs.run import Run

ShownFor = Literal["credit", "effect", "answer"]


@dataclass(frozen=True)
class Ledger:
    """Terms whose sum is the model's own number, within the tolerance."""

    value: float
    """The model's own number, in logits: the target's logit minus the reference."""
    sum: float
    """Of the terms, in logits, summed in float64."""
    error: float
    """`sum - value`, in logits."""
    tolerance: float
    by: str
    """`sublayer`, `head`, `source`, `neuron`, `head+neuron` or `source+neuron`."""
    terms: list[Term]
    """They sum to `sum`. What a bfloat16 or float16 run rounded is one of them, of the kind `rounding`."""
    rounding: list[Term] = field(default_factory=list)
    """What that one sums: what each step of the run rounded. Empty in float32, where it is the `error`."""


@dataclass(frozen=True)
class WholeTarget:
    """A target of several tokens, of which the ledger explains the first."""

    text: str
    tokens: list[Token]
    probability: float
    """Of all its tokens in their order, from 0 to 1."""


@dataclass(frozen=True)
class LookedAt:
    """A source token with the attention it gets."""

    position: int
    """Of the prompt, or of `sources` in cross-attention."""
    text: str
    """The token decoded alone, or the label of a source position."""
    attention: float
    """From 0 to 1."""
    fragment: str | None = None
    """As in `tokens`, of a token that shares a character with its neighbours; else null."""

    @property
    def seen(self) -> str:
        """The token as it is shown in its place."""
        return visible(self.text) if self.fragment is None else self.fragment


@dataclass(frozen=True)
class Mediator:
    """A later part through which a part acts that adds little itself."""

    part: str
    """Its name, such as `L24 mlp`."""
    share: float
    """Of the part's effect, that is undone where this one stays as it was; shares need not sum to 1."""


@dataclass(frozen=True)
class Head:
    """A head that carries much of the prediction."""

    layer: int
    head: int
    value: float
    """What it adds to the readout, in logits."""
    looks_at: list[LookedAt]
    """Largest attention first."""
    writes_toward: list[Token]
    """Tokens whose logits its write raises most."""
    shown_for: list[ShownFor]
    """Why it is listed: its credit, or the effect of zeroing it, is among the largest; the answer names it."""
    zeroed: Zeroed | None = None
    """What zeroing it at the explained position does; null with `--no-test`."""
    swapped_probability: float | None = None
    """The target's probability with this head's value from the other prompt; null without `--swap`."""
    cross: bool = False
    """Whether it is a head of a cross-attention, which looks at `sources`."""
    through: list[Mediator] = field(default_factory=list)
    """Of the two heads or neurons of the largest effects that add little themselves, the later parts that act on what
    they wrote; empty for all others."""


@dataclass(frozen=True)
class Neuron:
    """A neuron that carries much of the prediction."""

    layer: int
    expert: int | None
    neuron: int
    value: float
    """What it adds to the readout, in logits."""
    activation: float
    """As it enters the down projection."""
    promotes: list[Token]
    """Tokens whose logits its write raises most."""
    shown_for: list[ShownFor]
    """Why it is listed: its credit, or the effect of zeroing it, is among the largest; the answer names it."""
    zeroed: Zeroed | None = None
    """What zeroing it at the explained position does; null with `--no-test`."""
    swapped_probability: float | None = None
    """The target's probability with this neuron's activation from the other prompt; null without `--swap`."""
    through: list[Mediator] = field(default_factory=list)
    """As of a head."""


@dataclass(frozen=True)
class Sublayer:
    """A sublayer that was zeroed."""

    kind: Literal["attention", "cross_attention", "mlp"]
    """Which sublayer."""
    layer: int
    zeroed: Zeroed
    """What zeroing its write at the explained position does."""


@dataclass(frozen=True)
class SwappedSublayer:
    """A sublayer whose write was taken from the other prompt, and the target's probability then."""

    kind: Literal["attention", "cross_attention", "mlp"]
    """Which sublayer."""
    layer: int
    swapped_probability: float
    """From 0 to 1."""


@dataclass(frozen=True)
class Swap:
    """The prompt with one word replaced; values from its run were swapped in."""

    from_: str
    """The word of the prompt."""
    to: str
    """The word in its place."""
    tokens: list[PromptToken]
    """Of the other prompt, up to the explained position."""
    predictions: list[Prediction]
    """What the other prompt itself gives there."""
    target: Target
    """What the other prompt gives the explained token."""
    sublayers: list[SwappedSublayer]
    """One a sublayer, in the order of the layers."""


@dataclass(frozen=True)
class LensRow:
    """What the stream after one layer would predict."""

    layer: int | None
    """The block after which the stream is read; null is the embedding."""
    rank: int
    """Of the target there; 1 is the top."""
    probability: float
    """Of the target there."""
    kl: float
    """KL(the model's prediction || the lens's), in nats."""
    top: Token
    """The lens's top token."""
    top_probability: float
    """And its probability."""


@dataclass(frozen=True)
class PromptWords:
    """The words of a prompt (of an encoder-decoder, of its source), or larger units of a long one."""

    by: Literal["word", "sentence", "line", "turn", "spans"]
    """What a unit is."""
    how: Literal["delete", "mask"]
    """How a unit is taken away."""
    units: list[UnitWithout]
    """In the order of the prompt."""


@payload("unembed/explain/2")
class ExplainPayload:
    """`unembed explain --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    predictions: list[Prediction]
    """The top tokens there."""
    target: Target
    reference: Reference
    ledger: Ledger
    """The prediction as a sum."""
    answer: Answer
    """Why, in one line."""
    sentence: list[Span]
    """What the model says, which words that needs, and which part carries it: the sentence that opens every view, in
    pieces; their texts together are the sentence."""
    words: PromptWords | None
    """What the target loses without each word of the prompt. Null with `--no-test`, and where there is no text."""
    heads: list[Head]
    """Those of the largest credit and of the largest effect, by effect; by credit with `--no-test`."""
    neurons: list[Neuron]
    """Likewise; effects are those of the neurons that were zeroed: a sample, and the 30 of the largest credit."""
    head_effects: list[HeadEffect]
    """What zeroing every head does, in the order of the layers; empty with `--no-test`."""
    sublayers: list[Sublayer]
    """What zeroing each sublayer does, in the order of the layers; empty with `--no-test`."""
    lens: list[LensRow]
    """One row a state of the stream at this position."""
    notes: list[str]
    versions: dict[str, str]
    control: Control | None = None
    """Null with `--no-test`."""
    swap: Swap | None = None
    """Null without `--swap`."""
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder read, for an encoder-decoder: cross-attention terms name its positions. Of a prompt with an
    image, the modality of each of its positions. Else empty."""
    whole_target: WholeTarget | None = None
    """Of a target of several tokens; null where it is one."""
    inputs: Ledger | None = None
    """What cross-attention adds, pulled back to what the encoder read; null without `--inputs`."""
    asks: int | None = None
    """Where the prompt asks by itself: at its last position, or at the (first) blank of a masked language model; null
    where that has none."""


@payload_of.register
def explain_payload(result: "Explanation") -> ExplainPayload:
    """An explanation as data."""
    model, read = result.model, result.readout
    return ExplainPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, result.run.tokens, result.run.roles),
        position=read.position,
        asks=asks_of(result.run),
        predictions=[prediction_of(model, p) for p in result.predictions],
        target=target_of(model, result.target),
        reference=reference_of(model, read),
        ledger=_ledger(result.ledger),
        answer=answer_payload(result),
        sentence=sentence_of(result),
        words=_words(result),
        heads=[_head(model, _looked_at(result, note), note) for note in result.heads],
        neurons=[_neuron(model, note) for note in result.neurons],
        head_effects=head_effects_of(result.population),
        sublayers=_sublayers(result.population),
        lens=_lens_rows(result.lens),
        notes=list(result.notes),
        versions=versions(),
        control=control_of(result.population),
        swap=None if result.swap is None else _swap(model, result.swap),
        sources=source_tokens(model),
        whole_target=_whole_target(result),
        inputs=None if result.inputs is None else _ledger(result.inputs),
    )


def _words(result: "Explanation") -> PromptWords | None:
    words = result.words
    if words is None:
        return None
    return PromptWords(by=words.by, how=words.how, units=units_without(words))  # type: ignore[arg-type]  # one of these


def _whole_target(result: "Explanation") -> WholeTarget | None:
    found = result.whole_target
    if found is None:
        return None
    tokens = [token_of(result.model, token) for token in found.tokens]
    return WholeTarget(text=found.text, tokens=tokens, probability=found.probability)


def _ledger(ledger: "LedgerResult") -> Ledger:
    return Ledger(
        value=ledger.value,
        sum=ledger.sum,
        error=ledger.error,
        tolerance=ledger.tolerance,
        by=ledger.by,
        terms=terms_of(ledger),
        rounding=roundings_of(ledger),
    )


def _looked_at(result: "Explanation", note: "HeadNote") -> list[LookedAt]:
    return looked_at(result.run, note.looks_at, cross=note.term.kind == "cross_attention")


def looked_at(run: "Run", found: tuple[tuple[int, float], ...], *, cross: bool) -> list[LookedAt]:
    """Positions of the prompt, or (cross) of what the encoder read, with the attention they get, as data."""

    from unembed.models.fragments import fragments

    def label(position: int) -> str:
        if not cross:
            return text_of(run.model, run.tokens[position])
        assert run.model.source is not None
        return run.model.source.tokens[position].label

    shown = () if cross else fragments(run.model, run.tokens)
    return [LookedAt(p, label(p), a, None if cross else shown[p]) for p, a in found]


def _sublayers(among: "Population | None") -> list[Sublayer]:
    if among is None:
        return []
    stages = {"attention_write": "attention", "cross_attention_write": "cross_attention", "mlp_write": "mlp"}
    return [
        Sublayer(kind=stages[site.kind], layer=site.layer, zeroed=zeroed_of(among.zeroed(site, row)))  # type: ignore[arg-type]
        for site, row in among.sublayers.items()
    ]


def _swap(model: "Model", swap: "SwapResult") -> Swap:
    return Swap(
        from_=swap.old,
        to=swap.new,
        tokens=prompt_tokens(model, swap.run.tokens),
        predictions=[prediction_of(model, p) for p in swap.predictions],
        target=target_of(model, swap.target),
        sublayers=[_swapped(term, probability) for term, probability in swap.sublayers],
    )


def _swapped(term: "LedgerTerm", probability: float) -> SwappedSublayer:
    assert term.kind in ("attention", "cross_attention", "mlp")
    assert term.layer is not None
    return SwappedSublayer(kind=term.kind, layer=term.layer, swapped_probability=probability)


def _head(model: "Model", looks_at: list[LookedAt], note: "HeadNote") -> Head:
    assert note.term.layer is not None
    assert note.term.head is not None
    return Head(
        layer=note.term.layer,
        head=note.term.head,
        value=note.term.value,
        looks_at=looks_at,
        writes_toward=[token_of(model, t) for t in note.writes_toward],
        cross=note.term.kind == "cross_attention",
        shown_for=list(note.shown_for),
        zeroed=zeroed_of(note.zeroed),
        swapped_probability=note.swapped,
        through=[Mediator(mediator.part.label, mediator.share) for mediator in note.through],
    )


def _neuron(model: "Model", note: "NeuronNote") -> Neuron:
    assert note.term.layer is not None
    assert note.term.neuron is not None
    return Neuron(
        layer=note.term.layer,
        expert=note.term.expert,
        neuron=note.term.neuron,
        value=note.term.value,
        activation=note.activation,
        promotes=[token_of(model, t) for t in note.promotes],
        shown_for=list(note.shown_for),
        zeroed=zeroed_of(note.zeroed),
        swapped_probability=note.swapped,
        through=[Mediator(mediator.part.label, mediator.share) for mediator in note.through],
    )


def _lens_rows(lens: "Lens") -> list[LensRow]:
    return [
        LensRow(
            layer=cell.layer,
            rank=cell.rank,
            probability=cell.probability,
            kl=cell.kl,
            top=token_of(lens.run.model, cell.top),
            top_probability=cell.top_probability,
        )
        for cell in lens.entries()
    ]
