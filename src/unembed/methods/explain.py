"""explain: one prediction, explained: what it was, its ledger, the heads and neurons that carry it, the logit lens.

All of it comes from one recorded run. Credit is the *direct* effect of a part: what its write adds to the readout with
norms and patterns as they were. It is not the total effect of removing the part, which later layers may undo or
amplify (docs/methods/direct-effect.md). So the parts that are shown are also zeroed, one by one, beside parts at random
(controls.py), from the same recorded run.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from unembed.engine.measures import probability
from unembed.errors import InputError
from unembed.ledger.decompose import decompose
from unembed.ledger.input_credit import input_credit
from unembed.ledger.inspect_part import activation, looks_at, raised
from unembed.ledger.ledger import Ledger, Term
from unembed.ledger.readout import Readout, readout
from unembed.methods.controls import CausalCheck, Outcome, causal_check
from unembed.methods.lens import Lens, States, follow, read_states
from unembed.models.model import Model, Stage
from unembed.models.prompts import absolute_position, prompt_notes, text_of_prompt, tokenize
from unembed.models.read_source import with_source
from unembed.models.reprs import Brief, short
from unembed.models.targets import Target, target_notes, target_token, target_tokens
from unembed.models.tokens import EXPLICIT, label_of
from unembed.models.words import replaced, replaced_tokens
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.record import record
from unembed.runs.run import Run

if TYPE_CHECKING:
    import polars as pl


SwapWords = tuple[str, str] | tuple[str, str, int | str]
"""A word, the one in its place, and which of several it is: "all", or a number from 1."""
_MORE, _LEAST = 5.0, 0.01
"""A target with (or without) its space is suggested where it is so many times as probable, and at least so probable."""
_SUBLAYERS = 8
"""How many sublayers of the ledger are swapped."""
_SHOWN = 3
"""How many source tokens a head is said to look at, and how many tokens a part is said to write toward."""


@dataclass(frozen=True, repr=False)
class HeadNote(Brief):
    """A head that carries much of the prediction."""

    term: Term
    looks_at: tuple[tuple[int, float], ...]
    """Source positions with the attention they get, largest first; of a cross-attention, in the encoder's source."""
    writes_toward: tuple[int, ...]
    """The tokens whose logits its write raises most."""
    outcome: Outcome | None = None
    """Of zeroing it, and of swapping it; None if neither was done."""

    def _found(self) -> str:
        return f"{self.term.label} {self.term.value:+.2f}"


@dataclass(frozen=True, repr=False)
class NeuronNote(Brief):
    """A neuron that carries much of the prediction."""

    term: Term
    activation: float
    promotes: tuple[int, ...]
    """The tokens whose logits it raises most here; a negative activation promotes what the neuron's value opposes."""
    outcome: Outcome | None = None
    """Of zeroing it, and of swapping it; None if neither was done."""

    def _found(self) -> str:
        return f"{self.term.label} {self.term.value:+.2f}"


@dataclass(frozen=True, repr=False)
class Swap(Brief):
    """The prompt with one word replaced, and what values from its run do to the target's probability."""

    old: str
    new: str
    run: Run
    """Of the other prompt, up to the explained position."""
    predictions: tuple[Prediction, ...]
    """Of the other prompt, at the explained position."""
    target: Prediction
    """What the other prompt gives the target."""
    sublayers: tuple[tuple[Term, Outcome], ...]
    """The sublayers that the ledger credits most, each with what swapping its write in does."""


@dataclass(frozen=True, repr=False)
class Answer(Brief):
    """A target of several tokens: `prod_j P(answer_j | prompt, answer before j)`, exact, from a plain run."""

    text: str
    tokens: tuple[int, ...]
    probability: float

    def _found(self) -> str:
        return f"{self.text!r}: {self.probability:.3g}"


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
    check: CausalCheck | None = None
    """The causal tests of `heads` and `neurons`, with their control bands."""
    swap: Swap | None = None
    answer: Answer | None = None
    """The whole answer, where the target is a text of several tokens that the vocabulary knows."""
    inputs: Ledger | None = None
    """What cross-attention adds, by what the encoder read (`input_credit`); None where it was not asked for."""

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.readout.run

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
        notes = [short(note) for note in self.notes[:1]]
        return "\n".join([*lines, *notes, *([f"{len(self.notes) - 1} more notes"] if len(self.notes) > 1 else [])])

    def _text(self, token: int) -> str:
        return f"token {token}" if self.model.tokenizer is None else label_of(self.model, token)


@prompted
def explain(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    reference: str = "mean",
    position: int = -1,
    by: str = "sublayer",
    top: int = 5,
    test: bool = True,
    swap: SwapWords | None = None,
    inputs: bool = False,
    states: States | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Explain why the model predicts a token at a position.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token to explain (of a longer text, the first token); None takes the top prediction.
        versus: explain the difference to this token's logit.
        reference: "mean" explains the logit above the vocabulary mean, "raw" the plain logit.
        position: where the prediction is made; negative counts from the end.
        by: granularity of the ledger, as in `decompose`.
        top: how many predictions, heads and neurons to show.
        test: zero each head and neuron that is shown, and parts at random, at the explained position (controls.py).
        swap: a word of the prompt and another: each head and neuron that is shown, and the sublayers with most credit,
            also takes its value from the run of the prompt with the other word. Of an encoder-decoder, of the source.
            A third entry says which of several: "all", or 2 for the second. Tokens may be named (`id:29871`).
        inputs: of an encoder-decoder, also pull what cross-attention adds back to what the encoder read.
        states: what the lens read of this run at this position, for an explanation of another token; None reads it.
        progress: called while the tests run.

    Raises:
        InputError: a bad prompt, target, position, granularity or swap, or a run of another model.
        LedgerError: the terms do not sum to the model's own number.
    """
    model, ids = prompt.model, prompt.tokens
    where = absolute_position(position, len(ids))
    other = None if swap is None else _other_run(prompt, where, swap)
    run = prompt.recorded([where])
    read = readout(run, target, position=where, reference=reference, versus=versus)
    if states is not None and (states.run is not run or states.position != where):
        raise InputError("Expected `states` of the same run at the same position.")
    finest = decompose(read, by="source+neuron")
    assert read.target is not None
    heads, neurons = _notes(
        read,
        _largest(finest.coarser("head"), top, "head", "cross_attention"),
        _largest(finest, top, "neuron"),
    )
    untested = Explanation(
        model=model,
        readout=read,
        predictions=run.top(top, position=where),
        target=run.prediction(read.target, position=where),
        ledger=finest.coarser(by),
        finest=finest,
        heads=heads,
        neurons=neurons,
        lens=follow(states or read_states(run, where), read.target, top=1),
        inputs=input_credit(read) if inputs else None,
        answer=_answer(run, target, where),
        notes=(
            *(() if model.source is None else model.source.notes),
            *prompt_notes(model, prompt.text),
            *target_notes(model, run.text_before(where), target, versus),
            *_hint(run, target, where),
        ),
    )
    if not test and other is None:
        return untested
    # Later positions cannot act on the explained one: versions of the run end there.
    run = run if where == run.length - 1 else record(model, ids[: where + 1], positions=[where])
    return _tested(untested, run, test=test, other=other, words=(swap or ("", ""))[:2], progress=progress)


def _largest(ledger: Ledger, count: int, *kinds: str) -> list[Term]:
    return replace(ledger, segments=tuple(s for s in ledger.segments if s.kind in kinds)).top(count)


def _tested(
    result: Explanation, run: Run, *, test: bool, other: Run | None, words: tuple[str, str], progress: Progress
) -> Explanation:
    """The explanation with the outcomes of zeroing and swapping its parts."""
    last, token = run.length - 1, result.target.token
    credited = [] if other is None else _largest(result.finest.coarser("sublayer"), _SUBLAYERS, *get_args(Stage))
    check = causal_check(
        run,
        result.target,
        heads=[note.term.part.site(last) for note in result.heads],
        neurons=[note.term.part.site(last) for note in result.neurons],
        sublayers=[term.part.site(last) for term in credited],
        zero=test,
        other=other,
        progress=progress,
    )
    swap = other and Swap(
        *words,
        run=other,
        predictions=other.top(len(result.predictions), position=last),
        target=other.prediction(token, position=last),
        sublayers=tuple(zip(credited, check.sublayers, strict=True)),
    )
    return replace(
        result,
        heads=tuple(replace(n, outcome=o) for n, o in zip(result.heads, check.heads, strict=True)),
        neurons=tuple(replace(n, outcome=o) for n, o in zip(result.neurons, check.neurons, strict=True)),
        check=check,
        swap=swap,
    )


def _notes(
    read: Readout, heads: list[Term], neurons: list[Term]
) -> tuple[tuple[HeadNote, ...], tuple[NeuronNote, ...]]:
    """The notes of heads and neurons, whose writes are read with W_U in one product."""
    toward = _toward(read, [*heads, *neurons])
    return (
        tuple(
            HeadNote(term=term, looks_at=looks_at(read, term, _SHOWN), writes_toward=tokens)
            for term, tokens in zip(heads, toward[: len(heads)], strict=True)
        ),
        tuple(
            NeuronNote(term=term, activation=activation(read, term), promotes=tokens)
            for term, tokens in zip(neurons, toward[len(heads) :], strict=True)
        ),
    )


def _toward(read: Readout, terms: list[Term]) -> list[tuple[int, ...]]:
    """The tokens that each write raises most."""
    if not terms:
        return []
    rise = raised(read, terms)
    return [tuple(row) for row in rise.topk(min(_SHOWN, rise.shape[-1])).indices.tolist()]


def _answer(run: Run, target: Target | None, where: int) -> Answer | None:
    """The probability of the whole of a target of several tokens; None where it is one, or is not known."""
    model, given = run.model, run.tokens[: where + 1]
    if not isinstance(target, str):
        return None
    try:
        tokens = target_tokens(model, target, run.text_before(where))
    except InputError:
        return None  # its first token is known, or the explanation would have been refused
    if len(tokens) < 2 or (model.context is not None and len(given) + len(tokens) - 1 > model.context):
        return None
    places = range(where, where + len(tokens))
    logits = record(model, (*given, *tokens[:-1]), positions=places, keep="stream").logits
    return Answer(target, tokens, float(probability(tokens)(logits[None])))


def _hint(run: Run, target: Target | None, where: int) -> tuple[str, ...]:
    """A target that differs in its first space only and is far more probable."""
    if not isinstance(target, str) or not target.strip():
        return ()
    model, before = run.model, run.text_before(where)
    other = target.lstrip(" ") if target.startswith(" ") else f" {target}"
    try:
        tokens = [target_token(model, text, before) for text in (target, other)]
    except InputError:
        return ()
    asked, found = (run.prediction(token, position=where).probability for token in tokens)
    if found < max(_LEAST, _MORE * asked):
        return ()
    which = "without" if target.startswith(" ") else "with"
    return (
        f"{target!r} has {asked:.2%}; {other!r}, {which} its space, has {found:.1%}: --target {other!r} explains that.",
    )


def _other_run(prompt: Prompt, where: int, swap: SwapWords) -> Run:
    """The run of the prompt with one word replaced, up to the explained position; of an encoder-decoder, its source."""
    model, ids = prompt.model, prompt.tokens
    old, new, which = swap if len(swap) == 3 else (*swap, None)
    if model.encoder is not None and model.source is not None:
        text = replaced(model, () if model.source.text is None else model.source.text, old, new, which)
        return record(with_source(model, text), ids[: where + 1], positions=[where])
    # A run recorded from token ids knows no text; most have one that gives just these tokens.
    written = prompt.text or text_of_prompt(model, ids) or ids
    if any(EXPLICIT.fullmatch(name) for name in (old, new)):
        text, other = "the swapped prompt", replaced_tokens(model, ids, old, new, which)
    else:
        text = replaced(model, written, old, new, which)
        other = tokenize(model, text)
    if len(other) != len(ids):
        raise InputError(
            f"The prompts of a swap need equally many tokens: {written!r} has {len(ids)}, {text!r} has "
            f"{len(other)}.\n"
            "Take another word of as many tokens."
        )
    if other[: where + 1] == ids[: where + 1]:
        raise InputError(f"The swap changes nothing at or before the explained position {where}.")
    return record(model, other[: where + 1], positions=[where])
