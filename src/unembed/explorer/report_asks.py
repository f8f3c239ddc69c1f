"""What a report keeps: the asks that the page makes of a state before anyone clicks, and of the parts it lists first.

The keys are those of the page: canonical JSON of the ask, without what is null.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unembed.explorer.asks import answer
from unembed.explorer.session import WHOLE, Session
from unembed.models.model import Model
from unembed.progress import Progress, silent

TOP, ROWS, CHILDREN, SHOWN_TOKENS, NEURONS = 10, 8, 10, 5, 100
"""Predictions and parts, opened rows, neurons of a row, tokens of a lens state, neurons of an attribution."""
_FEW = 32
"""Tokens of a prompt, and positions of a source, up to which its paths are kept: their number grows with it."""
Ask = dict[str, Any]


def key_of(ask: Mapping[str, Any]) -> str:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(ask, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def source_state(model: Model) -> dict[str, str]:
    """What the page's state says of the source of an encoder-decoder: nothing where it is no text."""
    source = model.source
    return {} if model.encoder is None or source is None or source.text is None else {"source": source.text}


def common(state: Mapping[str, Any]) -> Ask:
    """The arguments that all asks about the first prompt of a state share."""
    vs, reference = state.get("vs"), state.get("reference", "mean")
    given = {
        "prompt": state["a"],
        "target": state.get("target"),
        "vs": vs,
        "position": state.get("position"),
        "reference": reference if vs is None and reference != "mean" else None,
        "source": state.get("source"),
    }
    return {name: value for name, value in given.items() if value is not None}


def explain_keys(state: Mapping[str, Any], explained: Mapping[str, Any]) -> tuple[str, str]:
    """The keys under which the page looks for an explanation: at once, and with its tests."""
    first = {**common(state), "top": TOP}
    tested = {"target": explained["target"]["id"], **first, "test": True}
    return key_of(_at_once(first)), key_of({"ask": "explain", **tested})


def _at_once(asked: Mapping[str, Any]) -> Ask:
    """What the page asks first of a prediction."""
    return {"ask": "explain", **asked, "test": False, "parts": False, "top": TOP}


def _lens_ask(followed: Mapping[str, Any], position: int, length: int) -> Ask:
    """What the page asks of the lens at first: of a long prompt, the window that ends at the explained position."""
    start = max(0, position - WHOLE + 1)
    window = {"window": [start, min(start + WHOLE, length)]} if length > WHOLE else {}
    about = {name: followed[name] for name in ("prompt", "source", "target") if name in followed}
    return {"ask": "lens", **about, "top": SHOWN_TOKENS, **window}


def kept(
    session: Session,
    state: Mapping[str, Any],
    progress: Progress,
    *,
    explained: Mapping[str, Any] | None = None,
    lens: Mapping[str, Any] | None = None,
    details: bool = True,
) -> dict[str, Any]:
    """The results that a report of a prompt embeds, by key.

    Args:
        session: asked for what is not there yet.
        state: of the page.
        progress: called between asks.
        explained: `unembed/explain/2` of this state, with its tests or without, where a command has computed it.
        lens: `unembed/lens/1`, as the page first asks for it.
        details: opens the rows and parts that are listed.

    Raises:
        UnembedError: as the asks.
    """
    explained = explained or answer(session, {"ask": "explain", **common(state), "test": True, "top": TOP}, progress)
    followed = {"target": explained["target"]["id"], **common(state)}
    first = _lens_ask(followed, explained["position"], len(explained["tokens"]))
    known = {
        **dict.fromkeys(explain_keys(state, explained), explained),
        **({} if lens is None else {key_of(first): lens}),
    }
    asks = [ask for ask in (first, *(_details(followed, explained) if details else ())) if key_of(ask) not in known]
    for done, ask in enumerate(asks):
        known[key_of(ask)] = answer(session, ask, silent)
        progress("report", (done + 1) / len(asks))
    return known


def kept_of_two(
    session: Session, state: Mapping[str, Any], patch: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """The results that a report of a patching sweep embeds: both explanations, and the sweep as `unembed/patch/2`."""
    first = answer(session, {"ask": "explain", **common(state), "test": False, "top": TOP}, progress)
    followed = {"target": first["target"]["id"], **common(state)}
    other = _at_once({**followed, "prompt": state["b"]})
    sweep = {"ask": "patch", **common(state), "prompt_b": state["b"], "site": patch["site"], "align": patch["align"]}
    return {
        **dict.fromkeys(explain_keys(state, first), first),
        key_of(other): answer(session, other, progress),
        key_of(sweep): patch,
    }


def kept_of_two_sources(
    session: Session, state: Mapping[str, Any], patch: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """The results that a report of a sweep between two sources embeds: the sweep, for its static part, and what the
    page shows, which is about one source: the explanation of the clean one."""
    sweep = {"ask": "patch", **common(state), "site": patch["site"], "align": patch["align"]}
    return {**kept(session, state, progress, details=False), key_of(sweep): patch}


def kept_attribution(
    session: Session, state: Mapping[str, Any], attribution: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """The results that a report of an attribution embeds: the explanation of its target, and `attribution` itself.

    It is `unembed/knowledge-attribute/1` on whatever path it was computed; the page finds it where it would ask.
    """
    source = {"source": state["source"]} if "source" in state else {}
    ask = {"ask": "attribute", "prompt": state["a"], **source, "target": state["target"], "top": NEURONS}
    return {**kept(session, state, progress, details=False), key_of(ask): attribution}


def _details(followed: Ask, explained: Mapping[str, Any]) -> Iterator[Ask]:
    """The largest rows opened; the parts that are listed, inspected, zeroed, and their layers' attention."""
    alone = explained["model"]["reads"] is None
    rows = [t for t in explained["ledger"]["terms"] if t["kind"] in ("attention", "cross_attention", "mlp")]
    for row in sorted(rows, key=lambda t: -abs(t["value"]))[:ROWS]:
        place = {"layer": row["layer"], "sublayer": row["kind"]}
        yield {"ask": "terms", **followed, **place, "top": CHILDREN}
    for kind, parts in (("head", explained["heads"]), ("neuron", explained["neurons"])):
        for part in parts:
            indices = {name: part[name] for name in ("layer", "head", "expert", "neuron") if part.get(name) is not None}
            named = {"part": {"kind": "cross_head" if part.get("cross") else kind, **indices}}
            yield {"ask": "inspect", **followed, **named}
            if alone:
                place = {name: followed[name] for name in ("prompt", "position") if name in followed}
                yield {"ask": "reads", **place, **named}
    yield from _patterns(followed, explained["heads"])
    if max(len(explained["tokens"]), len(explained["sources"])) <= _FEW:
        yield {"ask": "paths", **followed}


def _patterns(followed: Ask, heads: Sequence[Mapping[str, Any]]) -> Iterator[Ask]:
    """The whole pattern of the strongest head that is no cross-attention, and the layers of the listed heads."""
    for head in [head for head in heads if not head["cross"]][:1]:
        yield {"ask": "attention", **followed, "layer": head["layer"], "head": head["head"]}
    for layer, cross in dict.fromkeys((head["layer"], head["cross"]) for head in heads):
        yield {"ask": "attention", **followed, "layer": layer, **({"cross": True} if cross else {})}
