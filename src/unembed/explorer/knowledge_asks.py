"""Asks about facts: which one a prompt states, the neurons that hold it, and what the model says once it is edited.

A fact is one that ships (of a toy: one that it learned), stated word for word by the prompt; or it is one's own: the
prompt, more prompts that ask the same, and the explained token as the answer. An edit is undone before its ask ends,
however it ends.
"""

from typing import Any

from unembed.errors import InputError
from unembed.explorer import arguments
from unembed.explorer.arguments import About
from unembed.explorer.session import Session
from unembed.methods.knowledge import editing as knowledge_editing
from unembed.methods.knowledge import neurons as knowledge_neurons
from unembed.methods.knowledge.asking import as_asked, reference_texts
from unembed.methods.knowledge.comparison import Make, neighbours, report_beside_control
from unembed.methods.knowledge.editing import new_target
from unembed.methods.knowledge.facts import Fact, Relation, facts_for, stated
from unembed.methods.knowledge.find import find as find_neurons
from unembed.methods.knowledge.report import Groups
from unembed.progress import Progress
from unembed.runs.run import Run
from unembed.view.payloads.common import text_of
from unembed.view.payloads.editing import Edited, edit_payload
from unembed.view.payloads.knowledge import fact_list_payload, find_payload

_FACTS, _EVERY = 8, 24
"""The page asks about fewer facts and passages than the command, and draws one random key; so it takes seconds."""
_OWN = "your prompts"
"""What stands for the relation of a fact of one's own."""
_SCALES = {"suppress": knowledge_editing.suppress, "amplify": knowledge_editing.amplify}


def facts(session: Session, ask: arguments.FactsAsk, progress: Progress) -> Any:
    """The facts that the model can be asked about, and which of them the prompt states."""
    known = _known(session)
    return fact_list_payload(known, stated(known, ask.prompt))


def find(session: Session, ask: arguments.FindAsk, progress: Progress) -> Any:
    """`unembed knowledge find` of the fact that the prompt states, or of one's own with more `prompts`."""
    relation, fact = _fact(session, ask, ask.prompts)
    chosen = [fact, *(other for other in relation.facts if other != fact)][: ask.compared]
    criteria = knowledge_neurons.Criteria(t=ask.t)
    found = find_neurons(session.model, relation.of(chosen), criteria=criteria, progress=progress)
    return find_payload(session.model, found)


def edit(session: Session, ask: arguments.EditAsk, progress: Progress) -> Any:
    """`unembed knowledge suppress` or `amplify` of some neurons, or `erase` of a relation's; then it is undone."""
    relation, fact = _fact(session, ask, ask.prompts)
    if ask.action == "erase" and relation.name != _OWN:
        make: Make = lambda chosen, _: knowledge_editing.erase(session.model, relation.name, chosen)  # noqa: E731
    elif ask.action in _SCALES:
        make = lambda chosen, _: _SCALES[ask.action](session.model, chosen)  # noqa: E731
    else:
        raise InputError(f"Expected an edit of suppress, amplify or (of a known fact) erase; found {ask.action!r}.")
    about = None if ask.action == "erase" else fact
    edited = Edited(ask.action, _neurons(ask.neurons), relation.name, about)  # type: ignore[arg-type]  # as was checked
    return _tried(session, make, _neighbours(session, relation, about), edited, progress)


def update(session: Session, ask: arguments.UpdateAsk, progress: Progress) -> Any:
    """`unembed knowledge update`, made with every second prompt of the fact as the command makes it; then it is undone.

    Of one's own prompts, ROME needs the `subject` as they write it.
    """
    relation, fact = _fact(session, ask, ask.prompts, ask.subject)
    if ask.method == "rome" and not fact.subject:
        raise InputError("ROME edits what is known of a subject: name it as the prompts write it.")
    target, made = new_target(fact, ask.to), fact.prompts[0::2]

    def make(chosen: Any, report: Progress) -> Any:
        by = knowledge_editing.editor(ask.method, chosen)
        return knowledge_editing.update(session.model, fact, ask.to, by=by, prompts=made, progress=report)

    groups = _neighbours(session, relation, fact).of_update(fact.prompts, made, target)
    edited = Edited("update", _neurons(ask.neurons), relation.name, fact, ask.to.strip(), ask.method)  # type: ignore[arg-type]
    return _tried(session, make, groups, edited, progress)


def _known(session: Session) -> tuple[Relation, ...]:
    return tuple(as_asked(session.model, relation) for relation in facts_for(session.model.folder))


def _neighbours(session: Session, relation: Relation, fact: Fact | None) -> Groups:
    known = None if relation.name == _OWN else relation
    return neighbours(session.model, known, fact, known=_known(session), related=_FACTS, unrelated=_FACTS)


def _tried(session: Session, make: Make, groups: Groups, edited: Edited, progress: Progress) -> Any:
    """An edit measured. The model is as it was afterwards."""
    text = reference_texts(session.model, every=_EVERY)
    result = report_beside_control(session.model, make, edited.neurons, groups, keys=1, text=text, progress=progress)
    return edit_payload(session.model, result, edited)


def _fact(session: Session, ask: About, prompts: list[str] | None, subject: str | None = None) -> tuple[Relation, Fact]:
    """The fact that the prompt states, or one's own."""
    if prompts is None:
        found = stated(_known(session), ask.prompt)
        if found is None:
            raise InputError(
                "This prompt states none of the facts that are known here, word for word.\n"
                "Choose one of them, or give other prompts that ask the same."
            )
        return found
    texts = tuple(dict.fromkeys([ask.prompt, *prompts]))
    if not all(text.strip() for text in texts):
        raise InputError("Expected prompts that ask the same, none of them empty.")
    for text in texts:
        session.tokens(text)
    answer = _answer(session, ask)
    fact = Fact(_OWN, (subject or "").strip(), answer.strip(), texts, answer)
    return Relation(_OWN, "", (), (fact,)), fact


def _answer(session: Session, ask: About) -> str:
    """The text of the explained token."""
    run = session.run(session.tokens(ask.prompt))
    return text_of(session.model, explained_token(run, ask))


def explained_token(run: Run, ask: About) -> int:
    """The explained token at the end of a run: the one that is named, or the top prediction there.

    Raises:
        InputError: it is not in the vocabulary.
    """
    return run.token(ask.target)


def _neurons(asked: list[arguments.AskedNeuron] | None) -> frozenset[knowledge_neurons.Neuron]:
    return frozenset(knowledge_neurons.Neuron(**vars(neuron)) for neuron in asked or ())
