"""answer_ledger: the log-probability of a whole answer as a sum: over its tokens, and over what wrote each of them.

Each token of an answer has a ledger of its logit above a reference (decompose.py), at the position where it is
predicted. A log-probability is no readout of the stream: the softmax subtracts `log sum_v exp(logit_v)`, which no part
can be given a share of. So that number is a term of its own, and the rest is shared out:

    log P(answer | prompt) = sum_j [ sum_i term_ij  -  log_normaliser_j ]
    log_normaliser_j       = log sum_v exp(logit_jv) - reference_j

`term_ij` is what part `i` adds to the logit of token `j` above its reference (the mean over the vocabulary).
Exact, with patterns and scales of norms frozen, as each of the ledgers is. Additive both ways: a term is the sum of
what it adds to each token.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import decompose
from unembed.ledger.ledger import Ledger, Segment, Term, check_sum
from unembed.ledger.readout import Reference, readout
from unembed.runs.result import RunResult
from unembed.runs.run import Run


@dataclass(frozen=True)
class AnswerTerm(Term):
    """An addend of the log-probability of an answer. Its `value` is the sum of `by_token`."""

    by_token: tuple[float, ...]
    """What it adds to each token's; 0 where it has no part in it, as an expert that did not run there."""


@dataclass(frozen=True)
class AnswerLedger(RunResult[AnswerTerm]):
    """The log-probability of an answer as a sum. Made by `answer_ledger`."""

    parts: tuple[Ledger, ...]
    """One a token of the answer: of its logit above the reference."""
    normalisers: tuple[float, ...]
    """What the softmax subtracts from each of these, in nats."""
    value: float
    """The model's own log-probability of the answer, in nats."""

    @property
    def run(self) -> Run:
        """The one run of the prompt and all of the answer but its last token."""
        return self.parts[0].run

    @property
    def unit(self) -> str:
        """A logit and the log of a probability are in the same unit."""
        return "nats"

    @property
    def by(self) -> str:
        """The granularity as a word."""
        return self.parts[0].by

    @property
    def reference(self) -> Reference:
        """What logits are taken above."""
        return self.parts[0].readout.reference

    @property
    def sum(self) -> float:
        """Of all terms, in float64."""
        return math.fsum((*(part.sum for part in self.parts), *(-n for n in self.normalisers)))

    @property
    def error(self) -> float:
        """`sum - value`."""
        return self.sum - self.value

    @property
    def tolerance(self) -> float:
        """What rounding can account for: the sum of what it can in each token's ledger."""
        return math.fsum(part.tolerance for part in self.parts)

    @property
    def names_rounding(self) -> bool:
        """Whether what a 16-bit run rounded is among the terms."""
        return self.parts[0].names_rounding

    def check(self) -> "AnswerLedger":
        """This ledger, if it adds up.

        Raises:
            LedgerError: the error is beyond the tolerance.
        """
        check_sum("The ledger of the answer", self.sum, self.value, self.tolerance)
        return self

    def coarser(self, by: str) -> "AnswerLedger":
        """The same ledger at a coarser granularity.

        Raises:
            InputError: `by` is finer than this ledger.
        """
        return replace(self, parts=tuple(part.coarser(by) for part in self.parts))

    @cached_property
    def _terms(self) -> list[AnswerTerm]:
        found = [term for group in _groups(self.parts) for term in _terms_of(group, len(self.parts))]
        taken = tuple(-n for n in self.normalisers)
        return [*found, AnswerTerm("log_normaliser", None, None, None, None, None, math.fsum(taken), by_token=taken)]

    def entries(self) -> list[AnswerTerm]:
        """The terms, in the order of the stream; the last is what the softmax subtracts."""
        return self._terms

    def columns(self, entry: AnswerTerm) -> dict[str, Any]:
        """A term, what it adds to each token, and the text of its source token."""
        found = self.parts[0].columns(entry)
        return found | {f"value_{number}": share for number, share in enumerate(found.pop("by_token"))}

    def name(self, entry: AnswerTerm) -> str:
        """`L23.H4 ← 3 ·France`."""
        return self.parts[0].name(entry)

    def _found(self) -> str:
        mark = "=" if abs(self.error) <= self.tolerance else "≠"
        best = ", ".join(f"{term.label} {term.value:+.2f}" for term in self.top(4))
        return f"by {self.by}, {len(self.parts)} tokens: sum {self.sum:+.4f} {mark} log P {self.value:+.4f}; {best}, …"

    def __repr__(self) -> str:
        return f"AnswerLedger({self._found()})"


def answer_ledger(
    run: Run, answer: Sequence[int], positions: Sequence[int], *, by: str = "sublayer", reference: str = "mean"
) -> AnswerLedger:
    """The ledger of an answer's log-probability.

    Args:
        run: of the prompt and all of the answer but its last token; keeps the positions.
        answer: token ids.
        positions: where each of them is predicted.
        by: granularity, as in `decompose`.
        reference: "mean" or "raw", as in `readout`.

    Raises:
        InputError: as `decompose`; an answer without tokens.
        LedgerError: the terms do not sum to the model's own number.
    """
    if not len(answer):
        raise InputError("The answer is empty: expected at least one token.")
    reads = [
        readout(run, token, position=place, reference=reference) for token, place in zip(answer, positions, strict=True)
    ]
    logits = [run.logits[run.row(place)].double() for place in positions]
    normalisers = [float(row.logsumexp(-1)) - read.reference_value for row, read in zip(logits, reads, strict=True)]
    return AnswerLedger(
        parts=tuple(decompose(read, by=by) for read in reads),
        normalisers=tuple(normalisers),
        value=math.fsum(_log_probability(row, token) for row, token in zip(logits, answer, strict=True)),
    ).check()


def _log_probability(logits: Float[Tensor, "vocab"], token: int) -> float:
    return float(logits.log_softmax(-1)[token])


_Placed = list[tuple[int, Segment]]
"""Segments of one kind and layer, each with the number of its token."""


def _groups(parts: Sequence[Ledger]) -> Iterator[_Placed]:
    """The segments of several ledgers, those of one kind and layer together."""
    groups: dict[tuple[str, int | None], _Placed] = {}
    for number, ledger in enumerate(parts):
        for segment in ledger.segments:
            groups.setdefault((segment.kind, segment.layer), []).append((number, segment))
    yield from groups.values()


def _terms_of(group: _Placed, count: int) -> Iterator[AnswerTerm]:
    """Terms of several tokens, those of one part in one; experts of a mixture differ from token to token."""
    first = group[0][1]
    experts = tuple(sorted({expert for _, segment in group for expert in segment.experts}))
    shape = [len(experts) if axis == "expert" else n for axis, n in zip(first.axes, first.values.shape, strict=True)]
    values: NDArray[np.float64] = np.zeros((count, *shape))
    for number, segment in group:
        places = [experts.index(expert) for expert in segment.experts]
        values[number, places if places else ...] += segment.values
    by_token = values.reshape(count, -1).T.tolist()
    totals = replace(first, values=np.asarray(values.sum(0)), experts=experts)
    for term, shares in zip(totals.terms(), by_token, strict=True):
        yield AnswerTerm(**vars(term), by_token=tuple(shares))
