"""explain: one prediction, explained: what it was, its ledger, the heads and neurons that carry it, the logit lens.

All of it comes from one recorded run. Credit is the *direct* effect of a part: what its write adds to the readout with
norms and patterns as they were. It is not the total effect of removing the part, which later layers may undo or
amplify (docs/methods/direct-effect.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.decomposition import component_write, decompose, expert_activation
from unembed.ledger import Ledger, Term
from unembed.logit_lens import Lens, read_lens
from unembed.model import Model
from unembed.readouts import Readout, readout, token_ids
from unembed.trace import ExpertInputs, Trace, absolute_position, record, tokenize

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Prediction:
    """A token the model considered."""

    token: int
    logit: float
    probability: float
    rank: int
    """1 is the top prediction."""


@dataclass(frozen=True)
class HeadNote:
    """A head that carries much of the prediction."""

    term: Term
    looks_at: tuple[tuple[int, float], ...]
    """Source positions with the attention they get, largest first."""
    writes_toward: tuple[int, ...]
    """The tokens whose logits its write raises most."""


@dataclass(frozen=True)
class NeuronNote:
    """A neuron that carries much of the prediction."""

    term: Term
    activation: float
    promotes: tuple[int, ...]
    """The tokens whose logits it raises most here; a negative activation promotes what the neuron's value opposes."""


@dataclass(frozen=True)
class Explanation:
    """Why the model predicted a token. Made by `explain`."""

    model: Model
    readout: Readout
    predictions: tuple[Prediction, ...]
    target: Prediction
    ledger: Ledger
    """At the granularity asked for."""
    finest: Ledger
    """By source token and neuron; `finest.coarser(...)` gives every other."""
    heads: tuple[HeadNote, ...]
    neurons: tuple[NeuronNote, ...]
    lens: Lens
    notes: tuple[str, ...] = ()

    @property
    def trace(self) -> Trace:
        """The recorded run."""
        return self.readout.trace

    def to_polars(self) -> "pl.DataFrame":
        """The terms of the ledger."""
        return self.ledger.to_polars()

    def __repr__(self) -> str:
        target, versus = self.target, self.readout.versus
        against = {
            "mean": " above the vocabulary mean",
            "versus": "" if versus is None else f" above {self._text(versus)}",
        }
        lines = [
            f"Explanation of {self._text(target.token)} at position {self.readout.position}: "
            f"probability {target.probability:.1%}, rank {target.rank}, logit {target.logit:.2f}",
            f"  logit{against.get(self.readout.reference, '')}: {self.ledger!r}",
            *(f"  {note.term.label} {note.term.value:+.2f}" for note in (*self.heads[:3], *self.neurons[:3])),
        ]
        return "\n".join([*lines, *self.notes])

    def _text(self, token: int) -> str:
        tokenizer = self.model.tokenizer
        return f"token {token}" if tokenizer is None else repr(tokenizer.decode([token]))


def explain(
    model: Model,
    prompt: str | Sequence[int],
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    reference: str = "mean",
    position: int = -1,
    by: str = "sublayer",
    top: int = 5,
) -> Explanation:
    """Explain why the model predicts a token at a position.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        target: the token to explain (of a longer text, the first token); None takes the top prediction.
        versus: explain the difference to this token's logit.
        reference: "mean" explains the logit above the vocabulary mean, "raw" the plain logit.
        position: where the prediction is made; negative counts from the end.
        by: granularity of the ledger, as in `decompose`.
        top: how many predictions, heads and neurons to show.

    Raises:
        InputError: a bad prompt, target, position or granularity.
        LedgerError: the terms do not sum to the model's own number.
    """
    ids = tokenize(model, prompt)
    trace = record(model, ids, positions=[absolute_position(position, len(ids))])
    read = readout(trace, target, position=position, reference=reference, versus=versus)
    finest = decompose(read, by="source+neuron")
    assert read.target is not None
    writers = _Writers(read)
    return Explanation(
        model=model,
        readout=read,
        predictions=tuple(_predictions(trace, top)),
        target=prediction(trace, read.position, read.target),
        ledger=finest.coarser(by),
        finest=finest,
        heads=writers.heads(_largest(finest.coarser("head"), "head", top)),
        neurons=writers.neurons(_largest(finest, "neuron", top)),
        lens=read_lens(trace, read.target, top=1),
        notes=tuple(_notes(trace, target, versus)),
    )


def _largest(ledger: Ledger, kind: str, count: int) -> list[Term]:
    return replace(ledger, segments=tuple(s for s in ledger.segments if s.kind == kind)).top(count)


def _predictions(trace: Trace, top: int) -> list[Prediction]:
    best = trace.logits[0].topk(min(top, trace.model.vocab)).indices.tolist()
    return [prediction(trace, trace.positions[0], token) for token in best]


def prediction(trace: Trace, position: int, token: int) -> Prediction:
    """What the model gave a token at a kept position."""
    logits = trace.logits[trace.row(position)].double()
    return Prediction(
        token=token,
        logit=float(logits[token]),
        probability=float((logits[token] - logits.logsumexp(-1)).exp()),
        rank=int((logits > logits[token]).sum()) + 1,
    )


def _notes(trace: Trace, *texts: str | int | None) -> list[str]:
    """What was done with targets of several tokens."""
    notes = []
    for text in texts:
        ids = [] if text is None else token_ids(trace, text)
        if len(ids) > 1:
            tokenizer = trace.model.tokenizer
            assert tokenizer is not None
            first = tokenizer.decode([ids[0]])
            notes.append(f"{text!r} is {len(ids)} tokens; only the first, {first!r}, is explained.")
    return notes


@dataclass(frozen=True)
class _Writers:
    """What heads and neurons write toward, all in one product with the vocabulary matrix."""

    readout: Readout

    def heads(self, terms: list[Term], *, looks: int = 3, shown: int = 3) -> tuple[HeadNote, ...]:
        return tuple(
            HeadNote(term=term, looks_at=self._looks_at(term, looks), writes_toward=toward)
            for term, toward in zip(terms, self._toward(terms, shown), strict=True)
        )

    def neurons(self, terms: list[Term], *, shown: int = 3) -> tuple[NeuronNote, ...]:
        return tuple(
            NeuronNote(term=term, activation=self._activation(term), promotes=toward)
            for term, toward in zip(terms, self._toward(terms, shown), strict=True)
        )

    def _looks_at(self, term: Term, count: int) -> tuple[tuple[int, float], ...]:
        assert term.layer is not None
        heads = self.readout.trace.layers[term.layer].heads
        assert heads is not None
        best = heads.pattern[term.head, 0].double().topk(min(count, len(self.readout.trace.tokens)))
        return tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True))

    def _activation(self, term: Term) -> float:
        assert term.layer is not None
        assert term.neuron is not None
        trace = self.readout.trace
        neurons = trace.layers[term.layer].neurons
        assert neurons is not None
        if not isinstance(neurons, ExpertInputs):
            return float(neurons[0, term.neuron])
        assert term.expert is not None
        experts = trace.model.blocks[term.layer].experts
        return float(expert_activation(experts, term.expert, neurons.hidden[0])[term.neuron])

    def _toward(self, terms: list[Term], count: int) -> list[tuple[int, ...]]:
        if not terms:
            return []
        trace = self.readout.trace
        norm, w_u = trace.model.final_norm, trace.model.unembedding
        with torch.inference_mode():
            writes = torch.stack([component_write(self.readout, term) for term in terms])
            scale = norm.scale(trace.final[0], trace.normed[0])
            normed = norm.pushforward(writes, scale).to(torch.promote_types(w_u.dtype, torch.float32))
            raised = _unembed(normed, w_u)
            return [tuple(row) for row in raised.topk(min(count, trace.model.vocab)).indices.tolist()]


def _unembed(x: Float[Tensor, "part d_model"], w_u: Float[Tensor, "vocab d_model"]) -> Float[Tensor, "part vocab"]:
    """`x W_U^T` in float32 at least, without a second copy of W_U."""
    if w_u.dtype == x.dtype:
        return x @ w_u.T
    return torch.cat([x @ rows.to(x.dtype).T for rows in w_u.split(16384)], dim=-1)
