"""Asks: what the page may ask, each answered by one call of the library.

An ask is a JSON object: its name under `ask`, and arguments (arguments.py). Answers are payloads, as `--json` prints
them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from unembed.errors import InputError
from unembed.explorer import arguments
from unembed.explorer import knowledge_asks as knowledge
from unembed.explorer.arguments import About
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
from unembed.methods.intervene import intervene
from unembed.methods.knowledge import attribution as knowledge_attribution
from unembed.models.prompts import absolute_position
from unembed.progress import Progress
from unembed.runs.run import Run
from unembed.view import payloads

MOST_GENERATED = 200
"""Tokens that one ask generates, at most."""


def answer(session: Session, ask: Any, progress: Progress) -> dict[str, Any]:
    """The payload that answers an ask, ready for JSON.

    Raises:
        InputError: no such ask, or arguments that it does not take.
        UnembedError: as the library.
    """
    name = ask.get("ask") if isinstance(ask, Mapping) else None
    if not isinstance(name, str) or name not in ASKS:
        raise InputError(f"Expected an object whose `ask` is one of {', '.join(ASKS)}.")
    about, own = arguments.checked(ASKS[name], {key: value for key, value in ask.items() if key != "ask"})
    return payloads.to_json(ASKS[name](session.reading(about.source), about, progress, **own))


def explain(
    session: Session, about: About, progress: Progress, *, test: bool = True, top: int = 10, swap: list | None = None
) -> Any:
    """`unembed explain`; `swap` is a word and another."""
    words = arguments.words(swap)
    run = session.run(session.tokens(about.prompt), about.position)
    result = explanation.explain(
        session.model,
        run if words is None else about.prompt,
        about.target,
        versus=about.vs,
        reference=about.reference,
        position=about.position,
        test=test,
        top=arguments.count(top),
        swap=words,
        states=session.states(run, about.position) if words is None else None,
        progress=progress,
    )
    return payloads.explain_payload(result)


def terms(session: Session, about: About, progress: Progress, *, layer: int, sublayer: str, top: int = 20) -> Any:
    """One row of the ledger, opened."""
    found = sublayer_terms(_read(session, about), layer, sublayer, top=arguments.count(top))  # type: ignore[arg-type]
    return payloads.terms_payload(found)


def inspect(session: Session, about: About, progress: Progress, *, part: dict, top: int = 10) -> Any:
    """Where a part looks, what it writes and adds."""
    run, chosen = session.run(session.tokens(about.prompt), about.position), arguments.part(part)
    read = readout(run.trace, **_readout_of(about))
    found = inspect_part(read, chosen, top=arguments.count(top))
    return payloads.inspect_payload(found)


def reads(session: Session, about: About, progress: Progress, *, part: dict) -> Any:
    """What a part reads of the stream; of the prediction only the position matters."""
    run, chosen = session.run(session.tokens(about.prompt), about.position), arguments.part(part)
    place = absolute_position(about.position, run.length)
    return payloads.reads_payload(run, chosen, readings(run, chosen, place))


def set_parts(
    session: Session,
    about: About,
    progress: Progress,
    *,
    tests: list,
    prompt_b: str | None = None,
    source_b: str | None = None,
    top: int = 10,
) -> Any:
    """Some parts set together: to zero, to twice their value, to their mean, or to that with B (prompt, source)."""
    changes = arguments.changes(tests)
    tokens = session.tokens(about.prompt)
    run = session.ending_at(tokens, about.position)
    beside = session.reading(source_b)
    others = tokens if prompt_b is None else session.tokens(prompt_b)
    place = _partner(run, tokens, others)
    result = intervene(
        run,
        arguments.target(run, about),
        changes,
        means=lambda site: session.mean(site, progress),
        other=None if prompt_b is None and source_b is None else beside.run(others, place),
        other_position=place,
        top=arguments.count(top),
        progress=progress,
    )
    return payloads.test_payload(result)


def lens(session: Session, about: About, progress: Progress, *, window: list | None = None, top: int = 5) -> Any:
    """`unembed lens`: all layers, at positions `[from, to)`; of the kept run, if it is whole."""
    tokens, top = session.tokens(about.prompt), arguments.count(top)
    places = arguments.window(window, len(tokens))
    asked = {"target": about.target, "positions": places, "top": top, "progress": progress}
    if len(tokens) <= WHOLE:
        found = logit_lens.read_lens(session.run(tokens, -1).trace, **asked)
    else:
        found = logit_lens.lens(session.model, tokens, **asked)
    return payloads.lens_payload(found)


def attention(
    session: Session, about: About, progress: Progress, *, layer: int, head: int | None = None, cross: bool = False
) -> Any:
    """`unembed attention` of one layer; the whole pattern of a head only up to `WHOLE` tokens."""
    trace = session.run(session.tokens(about.prompt), about.position).trace
    found = patterns.attention(session.model, trace, layer=layer, head=head, cross=cross, **_readout_of(about))
    return payloads.attention_payload(found)


def paths(session: Session, about: About, progress: Progress) -> Any:
    """`unembed paths`, of a prompt of at most `WHOLE` tokens."""
    run = session.run(session.tokens(about.prompt, most=WHOLE), about.position)
    return payloads.paths_payload(expand_paths(session.model, run, progress=progress, **_readout_of(about)))


def attribute(session: Session, about: About, progress: Progress, *, top: int = 20) -> Any:
    """`unembed knowledge attribute`; without a target, of the top prediction."""
    tokens = session.tokens(about.prompt)
    target = about.target
    if target is None:
        target = arguments.target(session.run(tokens, -1), about)
    found = knowledge_attribution.attribute(session.model, tokens, target, progress=progress)
    return payloads.attribute_payload(found, top=arguments.count(top), baseline="zero")


def patch(
    session: Session,
    about: About,
    progress: Progress,
    *,
    prompt_b: str,
    site: str = "resid_pre",
    align: list | None = None,
) -> Any:
    """`unembed patch`, prompt A as the clean one; `align` has pairs of positions."""
    found = activation_patching.patch(
        session.model,
        session.tokens(about.prompt),
        session.tokens(prompt_b),
        about.target,
        about.vs,
        site=site,
        align=None if align is None else arguments.pairs(align),
        progress=progress,
    )
    return payloads.patch_payload(found)


def generate(session: Session, about: About, progress: Progress, *, tokens: int = 20) -> Any:
    """`unembed generate`, the top prediction each time."""
    if not 1 <= tokens <= MOST_GENERATED:
        raise InputError(f"Expected 1 to {MOST_GENERATED} tokens, found {tokens}.")
    ids, steps = session.tokens(about.prompt), []
    for step in generation.generate(session.model, ids, tokens=tokens):
        steps.append(step)
        progress("generating", len(steps) / tokens)
    return payloads.generate_payload(session.model, ids, steps, explained=False)


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
}


def _readout_of(about: About) -> dict[str, Any]:
    return {
        "target": about.target,
        "versus": about.vs,
        "reference": about.reference,
        "position": about.position,
    }


def _read(session: Session, about: About) -> Readout:
    run = session.run(session.tokens(about.prompt), about.position)
    return readout(run.trace, **_readout_of(about))


def _partner(run: Run, tokens: tuple[int, ...], others: tuple[int, ...]) -> int:
    """The position of prompt B that stands for the end of the run: the last for the last of A, else the same."""
    if run.length == len(tokens):
        return len(others) - 1
    if len(others) != len(tokens):
        raise InputError(
            f"The prompts have {len(tokens)} and {len(others)} tokens: which of B stands for {run.length - 1} of A?\n"
            "Take the last position, or prompts of equal length."
        )
    return run.length - 1
