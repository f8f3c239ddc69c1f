"""Asks: what the page may ask, each answered by one call of the library.

An ask is a JSON object: its name under `ask`, and arguments (arguments.py). Answers are payloads, as `--json` prints
them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from unembed.errors import InputError
from unembed.explorer import arguments
from unembed.explorer import knowledge_asks as knowledge
from unembed.explorer.arguments import About, decoded
from unembed.explorer.knowledge_asks import explained_token
from unembed.explorer.session import WHOLE, Session
from unembed.ledger.inspect_part import inspect_part
from unembed.ledger.readout import Readout, readout
from unembed.ledger.rows import sublayer_terms
from unembed.methods import attention as patterns
from unembed.methods import explain as explanation
from unembed.methods import generate as generation
from unembed.methods import lens as logit_lens
from unembed.methods import patch as activation_patching
from unembed.methods.circuits.paths import expand_paths
from unembed.methods.circuits.readings import readings
from unembed.methods.intervene import Change, intervene
from unembed.methods.knowledge import attribution as knowledge_attribution
from unembed.methods.whole_answer import literally
from unembed.models.parts import Part
from unembed.progress import Progress
from unembed.runs.predictions import predictions_with
from unembed.runs.run import Run
from unembed.view.payloads import payload_of, to_json
from unembed.view.payloads.generation import generate_payload, tokens_payload
from unembed.view.payloads.knowledge import attribute_payload
from unembed.view.payloads.parts import reads_payload


def answer(session: Session, ask: Any, progress: Progress) -> dict[str, Any]:
    """The payload that answers an ask, ready for JSON.

    The function that answers it takes the ask's class (arguments.py), and returns a result or its payload.

    Raises:
        InputError: no such ask, or arguments that it does not take.
        UnembedError: as the library.
    """
    return _answered(session, *_decoded(ask), progress)


def answer_json(session: Session, ask: Any, progress: Progress) -> str:
    """The JSON of `answer`: of an ask that was answered before, what was answered then.

    Edits of weights are made anew; what is refused or fails is not kept.
    """
    name, asked = _decoded(ask)
    session.follow_weights()
    if (known := session.answers.find(asked)) is not None:
        progress("answered before", 1.0)
        return known
    text = json.dumps(_answered(session, name, asked, progress), allow_nan=False)
    if not isinstance(asked, arguments.EditAsk | arguments.UpdateAsk):
        session.answers.keep(asked, text)
    return text


def _decoded(ask: Any) -> tuple[str, About]:
    name = ask.get("ask") if isinstance(ask, Mapping) else None
    if not isinstance(name, str) or name not in ASKS:
        raise InputError(f"Expected an object whose `ask` is one of {', '.join(ASKS)}.")
    return name, decoded(arguments.KINDS[name], {key: value for key, value in ask.items() if key != "ask"})


def _answered(session: Session, name: str, asked: About, progress: Progress) -> dict[str, Any]:
    session.follow_weights()
    return to_json(payload_of(ASKS[name](session.reading(asked.source), asked, progress)))


def explain(session: Session, ask: arguments.ExplainAsk, progress: Progress) -> Any:
    """`unembed explain`; `swap` is a word and another."""
    run = session.run(session.tokens(ask.prompt), ask.position)
    return explanation.explain(
        session.model,
        run if ask.swap is None else ask.prompt,
        ask.target,
        versus=ask.vs,
        reference=ask.reference,
        position=ask.position,
        test=ask.test,
        parts=ask.parts,
        top=ask.top,
        swap=_swap(ask),
        states=session.states(run, ask.position) if ask.swap is None else None,
        progress=progress,
    )


def terms(session: Session, ask: arguments.TermsAsk, progress: Progress) -> Any:
    """One row of the ledger, opened."""
    return sublayer_terms(_read(session, ask), ask.layer, ask.sublayer, top=ask.top)


def inspect(session: Session, ask: arguments.InspectAsk, progress: Progress) -> Any:
    """Where a part looks, what it writes and adds."""
    run, chosen = session.run(session.tokens(ask.prompt), ask.position), _part(ask.part)
    read = readout(run, **_readout_of(ask))
    return inspect_part(read, chosen, top=ask.top)


def reads(session: Session, ask: arguments.ReadsAsk, progress: Progress) -> Any:
    """What a part reads of the stream; of the prediction only the position matters."""
    run, chosen = session.run(session.tokens(ask.prompt), ask.position), _part(ask.part)
    place = run.place(ask.position)
    return reads_payload(run, chosen, readings(run, chosen, place))


def set_parts(session: Session, ask: arguments.TestAsk, progress: Progress) -> Any:
    """Some parts set together: to zero, to twice their value, to their mean, or to that with B (prompt, source)."""
    changes = [Change(_part(test.part), test.how) for test in ask.tests]
    tokens = session.tokens(ask.prompt)
    run = session.asked_at(tokens, ask.position)
    beside = session.reading(ask.source_b)
    others = tokens if ask.prompt_b is None else session.tokens(ask.prompt_b)
    place = _partner(session, run, tokens, others)
    return intervene(
        run,
        explained_token(run, ask),
        changes,
        versus=ask.vs,
        means=lambda site: session.mean(site, progress),
        other=None if ask.prompt_b is None and ask.source_b is None else beside.run(others, place),
        other_position=place,
        top=ask.top,
        progress=progress,
    )


def lens(session: Session, ask: arguments.LensAsk, progress: Progress) -> Any:
    """`unembed lens`: all layers, at positions `[from, to)`; of the kept run, if it is whole."""
    tokens = session.tokens(ask.prompt)
    places = _window(ask.window, len(tokens))
    asked = {"target": ask.target, "positions": places, "top": ask.top, "progress": progress}
    if len(tokens) <= WHOLE:
        found = logit_lens.lens(session.run(tokens), **asked)
    else:
        found = logit_lens.lens(session.model, tokens, **asked)
    return found


def attention(session: Session, ask: arguments.AttentionAsk, progress: Progress) -> Any:
    """`unembed attention` of one layer; the whole pattern of a head only up to `WHOLE` tokens."""
    run = session.run(session.tokens(ask.prompt), ask.position)
    where = {"layer": ask.layer, "head": ask.head, "cross": ask.cross, "encoder": ask.encoder}
    return patterns.attention(session.model, run, **where, **_readout_of(ask))


def paths(session: Session, ask: arguments.PathsAsk, progress: Progress) -> Any:
    """`unembed paths`, of a prompt of at most `WHOLE` tokens."""
    run = session.run(session.tokens(ask.prompt, most=WHOLE), ask.position)
    return expand_paths(session.model, run, progress=progress, **_readout_of(ask))


def attribute(session: Session, ask: arguments.AttributeAsk, progress: Progress) -> Any:
    """`unembed knowledge attribute`; without a target, of the top prediction."""
    tokens = session.tokens(ask.prompt)
    target = ask.target
    if target is None:
        target = explained_token(session.run(tokens), ask)
    target = literally(session.model, tokens, target)
    found = knowledge_attribution.attribute(session.model, tokens, target, progress=progress)
    return attribute_payload(found, top=ask.top)


def patch(session: Session, ask: arguments.PatchAsk, progress: Progress) -> Any:
    """`unembed patch`, prompt A as the clean one; `align` has pairs of positions."""
    return activation_patching.patch(
        session.model,
        session.tokens(ask.prompt),
        session.tokens(ask.prompt_b),
        ask.target,
        ask.vs,
        site=ask.site,
        align=None if ask.align is None else dict(ask.align),
        progress=progress,
    )


def generate(session: Session, ask: arguments.GenerateAsk, progress: Progress) -> Any:
    """`unembed generate`, the top prediction each time."""
    ids, steps = session.tokens(ask.prompt), []
    for step in generation.generate(session.model, ids, tokens=ask.tokens):
        steps.append(step)
        progress("generating", len(steps) / ask.tokens)
    return generate_payload(session.model, ids, steps, explained=False)


def tokens(session: Session, ask: arguments.TokensAsk, progress: Progress) -> Any:
    """The tokens that a text may name, with what the model gives each where it is asked."""
    run = session.run(session.tokens(ask.prompt), ask.position)
    found = predictions_with(session.model, run.logits[run.row(ask.position)], ask.text, ask.top)
    return tokens_payload(session.model, ask.text, found)


ASKS: dict[str, Callable[..., Any]] = {
    "explain": explain,
    "terms": terms,
    "inspect": inspect,
    "reads": reads,
    "test": set_parts,
    "lens": lens,
    "attention": attention,
    "paths": paths,
    "attribute": attribute,
    "facts": knowledge.facts,
    "find": knowledge.find,
    "edit": knowledge.edit,
    "update": knowledge.update,
    "patch": patch,
    "generate": generate,
    "tokens": tokens,
}


def _swap(ask: arguments.ExplainAsk) -> Any:
    which = "all" if ask.swap_all else ask.swap_nth
    return ask.swap if ask.swap is None or which is None else (*ask.swap, which)


def _readout_of(ask: About) -> dict[str, Any]:
    return {
        "target": ask.target,
        "versus": ask.vs,
        "reference": ask.reference,
        "position": ask.position,
    }


def _read(session: Session, ask: About) -> Readout:
    run = session.run(session.tokens(ask.prompt), ask.position)
    return readout(run, **_readout_of(ask))


def _part(asked: arguments.AskedPart) -> Part:
    return Part(**vars(asked))


def _window(window: tuple[int, int] | None, length: int) -> range:
    """The positions of `[from, to)`; all without one."""
    if window is None:
        return range(length)
    start, end = window[0], min(window[1], length)
    if not 0 <= start < end:
        raise InputError(f"Expected a window to be two positions of the prompt, from and to; found {list(window)}.")
    return range(start, end)


def _partner(session: Session, run: Run, tokens: tuple[int, ...], others: tuple[int, ...]) -> int:
    """The position of prompt B that stands for where the run is asked: where B asks for where A does, else the same."""
    if run.asked == session.place(tokens):
        return session.place(others)
    if len(others) != len(tokens):
        raise InputError(
            f"The prompts have {len(tokens)} and {len(others)} tokens: which of B stands for {run.asked} of A?\n"
            "Take the position where they ask, or prompts of equal length."
        )
    return run.asked
