"""Asks about facts: which one a prompt states, the neurons that hold it, and what the model says once it is edited.

A fact is one that ships (of a toy: one that it learned), stated word for word by the prompt; or it is one's own: the
prompt, more prompts that ask the same, and the explained token as the answer. An edit is undone before its ask ends,
however it ends.
"""

from typing import Any, get_args

from unembed.errors import InputError
from unembed.explorer import arguments
from unembed.explorer.arguments import About
from unembed.explorer.session import Session
from unembed.methods.knowledge import editing as knowledge_editing
from unembed.methods.knowledge import neurons as knowledge_neurons
from unembed.methods.knowledge.comparison import Make, Sample, report_beside_control
from unembed.methods.knowledge.editing import Method, new_target
from unembed.methods.knowledge.facts import Fact, Relation, facts_for, stated
from unembed.progress import Progress
from unembed.view.payloads.common import text_of
from unembed.view.payloads.editing import edit_payload
from unembed.view.payloads.knowledge import fact_list_payload, find_payload

COMPARED, MOST_COMPARED = 4, 40
"""Facts that are compared: refining needs others, and each takes as many attributions as it has prompts."""
SAMPLE = Sample(related=8, unrelated=8, keys=1, every=24)
"""What the page asks about an edit: fewer facts, random keys and passages than the command; it takes seconds."""
OWN = "your prompts"
"""What stands for the relation of a fact of one's own."""
_SCALES = {"suppress": knowledge_editing.suppress, "amplify": knowledge_editing.amplify}


def facts(session: Session, about: About, progress: Progress) -> Any:
    """The facts that the model can be asked about, and which of them the prompt states."""
    known = facts_for(session.model.folder)
    return fact_list_payload(known, stated(known, about.prompt))


def find(
    session: Session,
    about: About,
    progress: Progress,
    *,
    prompts: list | None = None,
    compared: int = COMPARED,
    t: float | int = 0.2,
) -> Any:
    """`unembed knowledge find` of the fact that the prompt states, or of one's own with more `prompts`."""
    if not 1 <= compared <= MOST_COMPARED:
        raise InputError(f"Expected to compare 1 to {MOST_COMPARED} facts, found {compared}.")
    relation, fact = _fact(session, about, prompts)
    chosen = [fact, *(other for other in relation.facts if other != fact)][:compared]
    found = knowledge_neurons.find(session.model, relation, facts=chosen, t=t, progress=progress)
    return find_payload(session.model, found)


def edit(
    session: Session,
    about: About,
    progress: Progress,
    *,
    action: str,
    neurons: list,
    prompts: list | None = None,
) -> Any:
    """`unembed knowledge suppress` or `amplify` of some neurons, or `erase` of a relation's; then it is undone."""
    relation, fact = _fact(session, about, prompts)
    if action == "erase" and relation.name != OWN:
        make: Make = lambda chosen, _: knowledge_editing.erase(session.model, relation.name, chosen)  # noqa: E731
    elif action in _SCALES:
        make = lambda chosen, _: _SCALES[action](session.model, chosen)  # noqa: E731
    else:
        raise InputError(f"Expected an edit of suppress, amplify or (of a known fact) erase; found {action!r:.80}.")
    return _edited(session, make, relation, fact, progress, action=action, neurons=arguments.neurons(neurons))


def update(
    session: Session,
    about: About,
    progress: Progress,
    *,
    to: str,
    method: str = "rome",
    neurons: list | None = None,
    prompts: list | None = None,
    subject: str | None = None,
) -> Any:
    """`unembed knowledge update`, made with every second prompt of the fact as the command makes it; then it is undone.

    Of one's own prompts, ROME needs the `subject` as they write it.
    """
    if method not in get_args(Method):
        raise InputError(f"Expected a method of rome or value, found {method!r:.80}.")
    relation, fact = _fact(session, about, prompts, subject)
    if method == "rome" and not fact.subject:
        raise InputError("ROME edits what is known of a subject: name it as the prompts write it.")
    target, made = new_target(fact, to), fact.prompts[0::2]
    words = {"method": method, "prompts": made}

    def make(chosen: Any, report: Progress) -> Any:
        return knowledge_editing.update(session.model, fact, to, neurons=chosen, progress=report, **words)

    return _edited(
        session,
        make,
        relation,
        fact,
        progress,
        action="update",
        neurons=arguments.neurons(neurons),
        made=made,
        target=target,
        to=to.strip(),
        method=method,
    )


def _edited(
    session: Session,
    make: Make,
    relation: Relation,
    fact: Fact,
    progress: Progress,
    *,
    action: Any,
    neurons: frozenset[knowledge_neurons.Neuron],
    made: tuple[str, ...] = (),
    target: str = "",
    **words: Any,
) -> Any:
    """An edit measured. The model is as it was afterwards."""
    model, about = session.model, None if action == "erase" else fact
    result = report_beside_control(
        model,
        make,
        neurons,
        relation=None if relation.name == OWN else relation,
        fact=about,
        known=facts_for(model.folder),
        new=[(prompt, target) for prompt in made],
        unseen=[(prompt, target) for prompt in fact.prompts if made and prompt not in made],
        sample=SAMPLE,
        progress=progress,
    )
    return edit_payload(model, result, action=action, relation=relation.name, fact=about, neurons=neurons, **words)


def _fact(session: Session, about: About, prompts: list | None, subject: str | None = None) -> tuple[Relation, Fact]:
    """The fact that the prompt states, or one's own."""
    if prompts is None:
        found = stated(facts_for(session.model.folder), about.prompt)
        if found is None:
            raise InputError(
                "This prompt states none of the facts that are known here, word for word.\n"
                "Choose one of them, or give other prompts that ask the same."
            )
        return found
    texts = arguments.prompts([about.prompt, *prompts])
    for text in texts:
        session.tokens(text)
    answer = _answer(session, about)
    fact = Fact(OWN, (subject or "").strip(), answer.strip(), texts, answer)
    return Relation(OWN, "", (), (fact,)), fact


def _answer(session: Session, about: About) -> str:
    """The text of the explained token."""
    run = session.run(session.tokens(about.prompt), -1)
    return text_of(session.model, arguments.target(run, about))
