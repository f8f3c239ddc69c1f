"""Asks about facts: which one a prompt states, the neurons that hold it, and what the model says once it is edited.

A fact is one that ships (or one of a toy's own), stated word for word by the prompt; or it is one's own: the prompt, more
prompts that ask the same, and the explained token as the answer. An edit is undone before its ask ends, however it ends.
"""

from typing import Any, get_args

from unembed import knowledge_editing, knowledge_neurons
from unembed.errors import InputError
from unembed.facts import Fact, Relation, facts_for, stated
from unembed.knowledge_editing import Method, new_target
from unembed.knowledge_report import Make, report_beside_control, said
from unembed.progress import Progress
from unembed.readouts import predictions, token_id
from unembed.server import arguments
from unembed.server.arguments import About
from unembed.server.session import Session
from unembed.view import payloads
from unembed.view.payloads import Action
from unembed.weight_edits import applied

COMPARED = 4
"""Facts that are compared: refining needs others, and each takes as many attributions as it has prompts."""
MOST_COMPARED = 40
OWN = "your prompts"
"""What stands for the relation of a fact of one's own."""


def facts(session: Session, about: About, progress: Progress) -> Any:
    """The facts that the model can be asked about, and which of them the prompt states."""
    known = facts_for(session.model.folder)
    return payloads.fact_list_payload(known, stated(known, about.prompt))


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
    relation, fact = _fact(session, about, prompts, None)
    chosen = [fact, *(other for other in relation.facts if other != fact)][:compared]
    found = knowledge_neurons.find(session.model, relation, facts=chosen, t=t, progress=progress)
    return payloads.find_payload(session.model, found)


def edit(
    session: Session,
    about: About,
    progress: Progress,
    *,
    action: str,
    neurons: list | None = None,
    to: str | None = None,
    method: str = "rome",
    prompts: list | None = None,
    subject: str | None = None,
) -> Any:
    """`unembed knowledge suppress`, `amplify`, `update` or `erase`, and what the edited model says; then it is undone.

    An update is made with every second prompt of the fact, as the command makes it.
    """
    if action not in get_args(Action):
        raise InputError(f"Expected an edit of {', '.join(get_args(Action))}; found {action!r:.80}.")
    if (to is None) == (action == "update"):
        raise InputError("An update needs the new answer, and no other edit takes one.")
    model, chosen = session.model, arguments.neurons(neurons)
    relation, fact = _fact(session, about, prompts, subject)
    made = fact.prompts[0::2] if action == "update" else fact.prompts
    make = _maker(session, action, relation, fact, made, to, method, subject or not prompts)
    asked = {} if to is None else _groups(fact, made, new_target(fact, to))
    own = action != "erase"
    report = report_beside_control(
        model,
        make,
        chosen,
        relation=None if relation.name == OWN else relation,
        fact=fact if own else None,
        progress=progress,
        **asked,
    )
    before = said(model, fact.prompts)
    with applied(model, report.edits):
        after = said(model, fact.prompts)
    payload = payloads.edit_payload(
        model,
        report,
        action=action,  # type: ignore[arg-type]
        relation=relation.name,
        fact=fact if own else None,
        to=to,
        method=method if to is not None else None,  # type: ignore[arg-type]
        neurons=chosen,
    )
    return payloads.edited_payload(model, payload, fact.prompts, made if to is not None else (), before, after)


def _maker(
    session: Session,
    action: str,
    relation: Relation,
    fact: Fact,
    made: tuple[str, ...],
    to: str | None,
    method: str,
    named: Any,
) -> Make:
    model = session.model
    if action == "suppress":
        return lambda neurons, _: knowledge_editing.suppress(model, neurons)
    if action == "amplify":
        return lambda neurons, _: knowledge_editing.amplify(model, neurons)
    if action == "erase":
        return lambda neurons, _: knowledge_editing.erase(model, relation.name, neurons)
