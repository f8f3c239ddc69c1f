"""explain: one prediction, explained: what it was, its ledger, the heads and neurons that carry it, the logit lens.

All of it comes from one recorded run. Credit is the *direct* effect of a part: what its write adds to the readout with
norms and patterns as they were. It is not the total effect of removing the part, which later layers may undo or
amplify (docs/methods/direct-effect.md). So every head and many neurons are also zeroed, one by one, from the same
recorded run (controls.py). Shown are the parts of the largest credit and those of the largest effect; one line
says which of them answers the question (answer.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

from unembed.errors import InputError, counted
from unembed.ledger.decompose import decompose
from unembed.ledger.input_credit import input_credit
from unembed.ledger.inspect_part import activation, looks_at, raised_most, term_of
from unembed.ledger.ledger import Ledger, LedgerResult, Term
from unembed.ledger.readout import Readout, readout
from unembed.methods.answer import Answer, answer_of
from unembed.methods.controls import Kind, Population, Zeroed, population, swapped_each, zeroed_each
from unembed.methods.lens import Lens, States, follow, read_states
from unembed.methods.mediators import MOST, Mediator, acts_through_others, mediators
from unembed.methods.swapped import SwapWords, swapped
from unembed.methods.whole_target import WholeTarget, space_notes, whole_target
from unembed.methods.words.finest import finest_words
from unembed.methods.words.words import Words
from unembed.models.generation_settings import settings_notes
from unembed.models.model import Stage
from unembed.models.parts import Part
from unembed.models.prompts import prompt_notes
from unembed.models.refusals import level_notes, needed, untested_notes, why_no_versions
from unembed.models.reprs import Brief, short
from unembed.models.targets import target_notes
from unembed.models.tokens import label_of
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction
from unembed.runs.prefix import asked_at
from unembed.runs.prompted import Prompt, prompt_of, prompted
from unembed.runs.run import Run

_Note = TypeVar("_Note", "HeadNote", "NeuronNote")

_SUBLAYERS = 8
"""How many sublayers of the ledger are swapped."""
_SHOWN = 3
"""How many source tokens a head is said to look at, and how many tokens a part is said to write toward."""


ShownFor = Literal["credit", "effect", "answer"]
"""Why a part is shown: its credit or the effect of zeroing it is among the largest; or it is the answer."""


@dataclass(frozen=True, repr=False)
class HeadNote(Brief):
    """A head that carries much of the prediction."""

    term: Term
    shown_for: tuple[ShownFor, ...]
    looks_at: tuple[tuple[int, float], ...]
    """Source positions with the attention they get, largest first; of a cross-attention, in the encoder's source."""
    writes_toward: tuple[int, ...]
    """The tokens whose logits its write raises most."""
    zeroed: Zeroed | None = None
    """None if it was not zeroed."""
    swapped: float | None = None
    """The target's probability with its value from the other prompt; None without one."""
    through: tuple[Mediator, ...] = ()
    """The later parts through which it acts, of a part of much effect that adds little itself (mediators.py)."""

    def _found(self) -> str:
        return f"{self.term.label} {self.term.value:+.2f}"


@dataclass(frozen=True, repr=False)
class NeuronNote(Brief):
    """A neuron that carries much of the prediction."""

    term: Term
    shown_for: tuple[ShownFor, ...]
    activation: float
    promotes: tuple[int, ...]
    """The tokens whose logits it raises most here; a negative activation promotes what the neuron's value opposes."""
    zeroed: Zeroed | None = None
    """None if it was not zeroed."""
    swapped: float | None = None
    """The target's probability with its value from the other prompt; None without one."""
    through: tuple[Mediator, ...] = ()
    """The later parts through which it acts, of a part of much effect that adds little itself (mediators.py)."""

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
    sublayers: tuple[tuple[Term, float], ...]
    """The sublayers that the ledger credits most, each with the target's probability once its write is swapped in."""


@dataclass(frozen=True)
class Explanation(LedgerResult):
    """Why the model predicted a token. Made by `explain`."""

    readout: Readout
    predictions: tuple[Prediction, ...]
    target: Prediction
    ledger: Ledger
    """At the granularity asked for."""
    finest: Ledger
    """By source token and neuron; `finest.coarser(...)` gives every other. With `parts=False` it is `ledger`."""
    heads: tuple[HeadNote, ...]
    """The largest effect first; the largest credit, where nothing was zeroed."""
    neurons: tuple[NeuronNote, ...]
    """Likewise."""
    lens: Lens
    answer: Answer
    """Why, in one line."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is
    population: Population | None = None
    """What zeroing every head and many neurons does; None where nothing was zeroed."""
    swap: Swap | None = None
    whole_target: WholeTarget | None = None
    """The whole target, where it is a text of several tokens that the vocabulary knows."""
    words: Words | None = None
    """What the target loses without each word, or larger unit; None where nothing was zeroed, or there are no words."""
    inputs: Ledger | None = None
    """What cross-attention adds, by what the encoder read (`input_credit`); None where it was not asked for."""

    @property
    def run(self) -> Run:
        """The recorded run."""
        return self.readout.run

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
            *(f"  {_in_words(note)}" for note in (*self.heads[:3], *self.neurons[:3])),
        ]
        notes = [short(note) for note in self.notes[:1]]
        return "\n".join([*lines, *notes, *([f"{len(self.notes) - 1} more notes"] if len(self.notes) > 1 else [])])

    def _text(self, token: int) -> str:
        return f"token {token}" if self.model.tokenizer is None else label_of(self.model, token)


def _in_words(note: HeadNote | NeuronNote) -> str:
    credit = f"{note.term.label} credit {note.term.value:+.2f}"
    if note.zeroed is None:
        return credit
    asked = note.zeroed.asked
    return f"{credit}, zeroed {asked.nats:+.2f} nats, {asked.rank} of {asked.among}: {asked.verdict or asked.size}"


@prompted
def explain(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    reference: str = "mean",
    position: int | None = None,
    by: str = "sublayer",
    top: int = 5,
    test: bool = True,
    swap: SwapWords | None = None,
    inputs: bool = False,
    parts: bool = True,
    states: States | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Explain why the model predicts a token at a position.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the token to explain (of a longer text, the first token); None takes the top prediction.
        versus: explain the difference to this token's logit.
        reference: "mean" explains the logit above the vocabulary mean, "raw" the plain logit.
        position: where the prediction is made; negative counts from the end. None is where it is asked: the last
            position, or the blank of a masked language model.
        by: granularity of the ledger, as in `decompose`.
        top: how many predictions to show, and how many heads and neurons by credit and by effect.
        test: zero every head and sublayer, a sample of neurons and the neurons that are shown, at the explained
            position (controls.py); and take away each word of the prompt, or each larger unit of a long one.
        swap: a word of the prompt and another: each head and neuron that is shown, and the sublayers with most credit,
            also takes its value from the run of the prompt with the other word. Of an encoder-decoder, of the source.
            A third entry says which of several: "all", or 2 for the second. Tokens may be named (`id:29871`).
        inputs: of an encoder-decoder, also pull what cross-attention adds back to what the encoder read.
        parts: tell heads and neurons apart. Without it the ledger ends at `by`, no head or neuron is listed, and the
            explanation comes soonest: no output projection is read again. Then nothing is tested or swapped.
        states: what the lens read of this run at this position, for an explanation of another token; None reads it.
        progress: called while the tests run.

    Raises:
        InputError: a bad prompt, target, position, granularity or swap, or a run of another model.
        LedgerError: the terms do not sum to the model's own number.
    """
    model = prompt.model
    if not parts and (test or swap is not None):
        raise InputError("Expected test=False and no swap with parts=False: heads and neurons are what is tested.")
    if swap is not None:
        needed(model, "A swap", "changes")
    untestable = why_no_versions(model)
    test = test and untestable is None
    where, top = prompt.place(position), counted(top, "top", least=1)
    other = None if swap is None else _other_run(prompt, where, swap)
    run = prompt.recorded([where])
    read = readout(run, target, position=where, reference=reference, versus=versus)
    if read.versus is not None and read.versus == read.target:
        name = label_of(run.model, read.versus)
        raise InputError(f"{name} has no lead over itself: compare it with another token, or with none.")
    if states is not None and (states.run is not run or states.position != where):
        raise InputError("Expected `states` of the same run at the same position.")
    finest = decompose(read, by="source+neuron" if parts else by)
    assert read.target is not None
    heads, neurons = (
        _notes(read, [*_heads_of(finest).top(top), *_only(finest, "neuron").top(top)]) if parts else ((), ())
    )
    untested = Explanation(
        readout=read,
        predictions=run.top(top, position=where),
        target=run.prediction(read.target, position=where),
        ledger=finest.coarser(by),
        finest=finest,
        heads=heads,
        neurons=neurons,
        lens=follow(states or read_states(run, where), read.target, top=1),
        answer=answer_of(run, finest.coarser("sublayer"), None),
        inputs=input_credit(read) if inputs else None,
        whole_target=whole_target(run, target, where),
        notes=(
            *level_notes(model, by),
            *untested_notes(untestable),
            *prompt_notes(model, prompt.messages or prompt.text, where),
            *settings_notes(model),
            *target_notes(model, run.text_before(where), target, versus),
            *space_notes(run, target, where),
        ),
    )
    if test or other is not None:
        run = asked_at(run, where)
    found = _zeroed(untested, run, top, progress) if test and model.layers else untested
    if test:
        asked = prompt_of(model, run) if where == prompt.asked else prompt
        found = replace(found, words=finest_words(asked, read.target, versus, where, progress=progress))
    return found if other is None else _swapped(found, run, other, (swap or ("", ""))[:2], progress)


def _only(ledger: Ledger, *kinds: str) -> Ledger:
    return replace(ledger, segments=tuple(s for s in ledger.segments if s.kind in kinds))


def _heads_of(finest: Ledger) -> Ledger:
    return _only(finest.coarser("head"), "head", "cross_attention")


def _zeroed(result: Explanation, run: Run, top: int, progress: Progress) -> Explanation:
    """The explanation with the effects of zeroing parts, and with the parts of the largest effects."""
    versus, read = result.readout.versus, result.readout
    among = population(run, result.target.token, versus, progress=progress)
    kinds: tuple[Kind, ...] = ("heads", "neurons")
    strong = [Part.set_at(site) for kind in kinds for site in among.largest(kind, top)]
    credited = [note.term.part for note in (*result.heads, *result.neurons)]
    answer = answer_of(run, result.finest.coarser("sublayer"), among)
    named = [answer.part] if answer.part is not None and answer.kind in ("head", "neuron") else []
    reasons: tuple[tuple[ShownFor, list[Part]], ...] = (("credit", credited), ("effect", strong), ("answer", named))
    ledgers = {"neuron": _only(result.finest, "neuron")}
    by_head = _heads_of(result.finest)
    more = [
        term_of(ledgers.get(part.kind, by_head), part)
        for part in dict.fromkeys((*strong, *named))
        if part not in credited
    ]
    heads, neurons = _notes(read, more)
    notes = [*result.heads, *heads, *result.neurons, *neurons]
    outcomes = zeroed_each(run, among, [note.term.part.site(run.asked) for note in notes], progress=progress)
    through = _through(run, among, notes, outcomes, progress)

    def tested(kind: type[_Note]) -> tuple[_Note, ...]:
        found = [
            replace(
                note,
                zeroed=zeroed,
                shown_for=tuple(word for word, parts in reasons if note.term.part in parts),
                through=through.get(note.term.part, ()),
            )
            for note, zeroed in zip(notes, outcomes, strict=True)
            if isinstance(note, kind)
        ]
        return tuple(sorted(found, key=lambda note: 0.0 if note.zeroed is None else -abs(note.zeroed.asked.nats)))

    return replace(
        result,
        heads=tested(HeadNote),
        neurons=tested(NeuronNote),
        answer=answer,
        population=among,
    )


def _through(
    run: Run,
    among: Population,
    notes: Sequence[HeadNote | NeuronNote],
    outcomes: Sequence[Zeroed],
    progress: Progress,
) -> dict[Part, tuple[Mediator, ...]]:
    """Through which later parts those of the largest effects act that add little themselves."""
    acting = [
        (abs(zeroed.asked.nats), note.term.part)
        for note, zeroed in zip(notes, outcomes, strict=True)
        if acts_through_others(zeroed, note.term.value) and note.term.part.site(run.asked) in among.rows
    ]
    parts = [part for _, part in sorted(acting, key=lambda pair: -pair[0])[:MOST]]
    found = mediators(run, among, parts, [note.term.part for note in notes], progress=progress)
    return dict(zip(parts, found, strict=True))


def _swapped(result: Explanation, run: Run, other: Run, words: tuple[str, str], progress: Progress) -> Explanation:
    """The explanation with values of another run swapped in, part by part."""
    token, notes = result.target.token, (*result.heads, *result.neurons)
    sublayers = _only(result.finest.coarser("sublayer"), *get_args(Stage)).top(_SUBLAYERS)
    terms = [*(note.term for note in notes), *sublayers]
    found = swapped_each(run, token, [term.part.site(run.asked) for term in terms], other, progress=progress)
    heads = len(result.heads)
    swap = Swap(
        *words,
        run=other,
        predictions=other.top(len(result.predictions), position=run.asked),
        target=other.prediction(token, position=run.asked),
        sublayers=tuple(zip(sublayers, found[len(notes) :], strict=True)),
    )
    return replace(
        result,
        heads=tuple(replace(n, swapped=p) for n, p in zip(result.heads, found[:heads], strict=True)),
        neurons=tuple(replace(n, swapped=p) for n, p in zip(result.neurons, found[heads : len(notes)], strict=True)),
        swap=swap,
    )


def _notes(read: Readout, terms: list[Term]) -> tuple[tuple[HeadNote, ...], tuple[NeuronNote, ...]]:
    """The notes of heads and neurons, whose writes are read with W_U in one product."""
    pairs = list(zip(terms, raised_most(read, terms, _SHOWN), strict=True))
    return (
        tuple(
            HeadNote(term=term, shown_for=("credit",), looks_at=looks_at(read, term, _SHOWN), writes_toward=tokens)
            for term, tokens in pairs
            if term.neuron is None
        ),
        tuple(
            NeuronNote(term=term, shown_for=("credit",), activation=activation(read, term), promotes=tokens)
            for term, tokens in pairs
            if term.neuron is not None
        ),
    )


def _other_run(prompt: Prompt, where: int, swap: SwapWords) -> Run:
    """The run of the prompt with one word replaced, up to the explained position; of an encoder-decoder, its source."""
    other = swapped(prompt, where, swap)
    return asked_at(other.recorded([where]), where)
