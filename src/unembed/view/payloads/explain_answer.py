"""`unembed explain --answer` as data."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.methods.verdicts import Effect
from unembed.models.labels import visible
from unembed.models.names import head_name
from unembed.view.glyphs import decimal
from unembed.view.payloads import payload, payload_of
from unembed.view.payloads.common import (
    ModelFacts,
    Prediction,
    PromptToken,
    Reference,
    SourceToken,
    Target,
    Term,
    TermKind,
    model_facts,
    prediction_of,
    prompt_tokens,
    source_tokens,
    target_of,
    term_of,
    versions,
)
from unembed.view.payloads.explanation import LookedAt, looked_at
from unembed.view.payloads.verdicts import Crowd

if TYPE_CHECKING:
    from unembed.ledger.answer_ledger import AnswerLedger as LedgerResult
    from unembed.ledger.answer_ledger import AnswerTerm as TermResult
    from unembed.methods.explain_answer import AnswerExplanation, AnswerPart
    from unembed.methods.explain_answer import AnswerToken as TokenResult


_NAMED = 0.5
"""Attention from which a sentence says what a head looks at."""


@dataclass(frozen=True)
class AnswerToken(Target):
    """A token of the answer, with what the model gave it after the prompt and the tokens before it."""

    rank: int
    """1 is the most probable token."""
    position: int
    """Where it is predicted: that of the token before it, or the blank that it fills."""
    log_probability: float
    """In nats: `value` minus `log_normaliser`."""
    value: float
    """Its logit above the reference."""
    log_normaliser: float
    """The log of the softmax's denominator above the same reference, in nats."""
    instead: Prediction
    """The top prediction there."""
    fragment: str | None = None
    """As in `tokens`, of a token that shares a character with its neighbours; else null."""

    @property
    def seen(self) -> str:
        """The token as it is shown in its place."""
        return visible(self.text) if self.fragment is None else self.fragment


@dataclass(frozen=True)
class AnswerTerm(Term):
    """One addend of the answer's log-probability."""

    kind: TermKind
    """What adds it; the indices below say which one."""
    source: int | None
    """The position of a source token: of `tokens`, or of `sources` in cross-attention."""
    value: float
    """What it adds to the logits of the answer's tokens, together; of the softmax what it takes, in nats."""
    by_token: list[float]
    """What it adds to each token of the answer; they sum to `value`."""


@dataclass(frozen=True)
class AnswerLedger:
    """Terms whose sum is the model's own log-probability of the answer, within the tolerance."""

    value: float
    """The model's own log-probability of the answer, in nats."""
    sum: float
    """Of the terms, in nats, summed in float64."""
    error: float
    """`sum - value`, in nats."""
    tolerance: float
    by: str
    """`sublayer`, `head`, `source`, `neuron`, `head+neuron` or `source+neuron`."""
    terms: list[AnswerTerm]
    """They sum to `sum`. Of the kind `log_normaliser` is what the softmax subtracts, which no part has a share in."""
    rounding: list[AnswerTerm] = field(default_factory=list)
    """What the term `rounding` sums: what each step of a bfloat16 or float16 run rounded. Empty in float32."""


@dataclass(frozen=True)
class AnswerZeroed:
    """What zeroing a part does, wherever a token of the answer is predicted."""

    probability: float
    """Of the whole answer then."""
    effect: Effect
    """On the log-probability of the whole answer."""


@dataclass(frozen=True)
class AnswerHead:
    """A head that carries much of the answer."""

    layer: int
    head: int
    cross: bool
    """Whether it is a head of a cross-attention, which looks at `sources`."""
    value: float
    """What it adds to the logits of the answer's tokens, together."""
    by_token: list[float]
    """What it adds to each."""
    most: int
    """To which token it adds most, counted from 0 in `answer`."""
    looks_at: list[LookedAt]
    """Where that token is predicted, the largest attention first."""
    zeroed: AnswerZeroed | None = None
    """Null with `--no-test`."""


@dataclass(frozen=True)
class AnswerSublayer:
    """A sublayer."""

    kind: Literal["attention", "cross_attention", "mlp"]
    """Which sublayer."""
    layer: int
    value: float
    """What it adds to the logits of the answer's tokens, together."""
    by_token: list[float]
    """What it adds to each."""
    zeroed: AnswerZeroed | None = None
    """Null with `--no-test`."""


@payload("unembed/explain-answer/1")
class ExplainAnswerPayload:
    """`unembed explain --answer --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    """What was run, once: the prompt, and all of the answer but its last token."""
    prompt_length: int
    """How many of them are the prompt."""
    answer: list[AnswerToken]
    """All tokens of the answer."""
    generated: bool
    """Whether it is what the model says by itself: `--answer auto`."""
    log_probability: float
    """Of the whole answer, in nats: the sum over its tokens."""
    probability: float
    """Of the whole answer: the product over its tokens."""
    reference: Reference
    """What was subtracted from the logits of the answer's tokens, summed over them."""
    ledger: AnswerLedger
    """The log-probability as a sum."""
    heads: list[AnswerHead]
    """Those of the largest credit and of the largest effect, by effect; by credit with `--no-test`."""
    sublayers: list[AnswerSublayer]
    """Every sublayer, in the order of the layers."""
    control: Crowd | None
    """The heads that each head is compared with; null with `--no-test`, and in a model without."""
    notes: list[str]
    versions: dict[str, str]
    sources: list[SourceToken] = field(default_factory=list)
    """What the encoder read, for an encoder-decoder; else empty."""
    sentence: str | None = None
    """The head without which the answer loses most, in words; null where no head that was zeroed lowers it."""


@payload_of.register
def explain_answer_payload(result: "AnswerExplanation") -> ExplainAnswerPayload:
    """An explanation of a whole answer as data."""
    model, run = result.model, result.run
    heads = len([part for part in result.heads if part.zeroed is not None])
    return ExplainAnswerPayload(
        model=model_facts(model),
        tokens=prompt_tokens(model, run.tokens, run.roles),
        prompt_length=result.length,
        answer=_answer(result),
        generated=result.generated,
        log_probability=result.log_probability,
        probability=result.probability,
        reference=Reference("raw" if result.ledger.reference == "raw" else "mean", None, result.reference),
        ledger=_ledger(result.ledger),
        heads=[_head(result, part) for part in result.heads],
        sublayers=[_sublayer(result, part) for part in result.sublayers],
        control=_crowd(result) if heads else None,
        notes=list(result.notes),
        versions=versions(),
        sources=source_tokens(model),
        sentence=_sentence([_head(result, part) for part in result.heads], _answer(result)),
    )


def _sentence(heads: list[AnswerHead], answer: list[AnswerToken]) -> str | None:
    needed = [(head, head.zeroed.effect) for head in heads if head.zeroed is not None and head.zeroed.effect.lowers]
    if not needed:
        return None
    best, effect = min(needed, key=lambda pair: pair[1].nats)
    said = f"Without head {head_name(best.layer, best.head, cross=best.cross)} the answer's log-probability falls by "
    said += f"{decimal(-effect.nats)} nats: rank {effect.rank} of {effect.among} heads"
    if best.looks_at and best.looks_at[0].attention >= _NAMED:
        said += f"; at {answer[best.most].seen} it looks at {best.looks_at[0].seen}"
    return f"{said}."


def _answer(result: "AnswerExplanation") -> list[AnswerToken]:
    from unembed.models.fragments import fragments

    before = () if result.model.fills_blanks else result.run.tokens[: result.length]
    shown = fragments(result.model, (*before, *(token.prediction.token for token in result.answer)))[len(before) :]
    return [_token(result, token, fragment) for token, fragment in zip(result.answer, shown, strict=True)]


def _token(result: "AnswerExplanation", token: "TokenResult", fragment: str | None) -> AnswerToken:
    return AnswerToken(
        **vars(target_of(result.model, token.prediction)),
        position=token.position,
        log_probability=token.log_probability,
        value=token.value,
        log_normaliser=token.normaliser,
        instead=prediction_of(result.model, token.instead),
        fragment=fragment,
    )


def _ledger(ledger: "LedgerResult") -> AnswerLedger:
    entries = ledger.entries()
    terms = [_term(term) for term in entries if not term.is_rounding]
    rounding = [_term(term) for term in entries if term.is_rounding]
    if ledger.names_rounding:
        by_token = [math.fsum(shares) for shares in zip(*(term.by_token for term in rounding), strict=True)]
        terms.append(AnswerTerm("rounding", None, None, None, None, None, math.fsum(by_token), by_token))
    return AnswerLedger(
        value=ledger.value,
        sum=ledger.sum,
        error=ledger.error,
        tolerance=ledger.tolerance,
        by=ledger.by,
        terms=terms,
        rounding=rounding,
    )


def _term(term: "TermResult") -> AnswerTerm:
    return AnswerTerm(**vars(term_of(term)), by_token=list(term.by_token))


def _zeroed(result: "AnswerExplanation", part: "AnswerPart") -> AnswerZeroed | None:
    if part.zeroed is None:
        return None
    return AnswerZeroed(math.exp(min(0.0, result.log_probability + part.zeroed.nats)), part.zeroed)


def _head(result: "AnswerExplanation", part: "AnswerPart") -> AnswerHead:
    term, cross = part.term, part.term.kind == "cross_attention"
    assert term.layer is not None
    assert term.head is not None
    return AnswerHead(
        layer=term.layer,
        head=term.head,
        cross=cross,
        value=term.value,
        by_token=list(term.by_token),
        most=part.most,
        looks_at=looked_at(result.run, part.looks_at, cross=cross),
        zeroed=_zeroed(result, part),
    )


def _sublayer(result: "AnswerExplanation", part: "AnswerPart") -> AnswerSublayer:
    term = part.term
    assert term.kind in ("attention", "cross_attention", "mlp")
    assert term.layer is not None
    return AnswerSublayer(term.kind, term.layer, term.value, list(term.by_token), _zeroed(result, part))


def _crowd(result: "AnswerExplanation") -> Crowd | None:
    effect = result.heads[0].zeroed
    return None if effect is None else Crowd(count=effect.among, limit=result.heads_limit)
