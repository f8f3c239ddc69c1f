"""The report: one HTML file that holds the page, what was asked, and a static part that reads without a script.

Nothing is fetched: the bundle is inlined, and the policy allows this one script by its hash. Numbers of what is
embedded are shortened to seven significant digits, which is what float32 holds and more than any view shows.
"""

import datetime
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unembed.errors import InputError
from unembed.view.html.answers import answer_html
from unembed.view.html.attribution import attribution_html
from unembed.view.html.explanation import explanation_html
from unembed.view.html.grids import lens_html, patch_html
from unembed.view.html.markup import escaped, said, table
from unembed.view.html.shell import STATIC_POLICY, as_data, bundle, document, inlined, page_data
from unembed.view.payloads.common import versions

DIGITS = 7
BUDGET = 1_500_000
"""Bytes of embedded results; with bundle and static part a report stays below 2 MB."""
_SECTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "unembed/explain-answer/1": answer_html,
    "unembed/explain/2": explanation_html,
    "unembed/lens/1": lens_html,
    "unembed/patch/2": patch_html,
    "unembed/knowledge-attribute/1": attribution_html,
}
"""What has a static part, in the order in which it is shown."""


def report_html(
    model: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    results: Any,
    *,
    shown: Sequence[Mapping[str, Any]] | None = None,
    static: bool = False,
) -> str:
    """The whole file.

    Args:
        model: the facts of the model.
        state: what the page shows at first.
        results: payloads as JSON, by the canonical JSON of their asks. What does not fit into `BUDGET` is left out.
        shown: payloads of the static part; None takes them from the results.
        static: leaves the page out, which cannot show what was asked: then the file has no script.

    Raises:
        InputError: the results are no payloads, or the state is none.
    """
    try:
        seen = list(results.values()) if shown is None else shown
        body, saved = static_html(model, seen), _saved(model, seen)
        fitting = _fitting(results)
        if len(fitting) < len(results):
            left_out = len(results) - len(fitting)
            body += f"<p>Left out to keep this file small: {left_out} of {len(results)} results.</p>\n"
        title, head = f"unembed: {model['name']}", _saved_html(model, saved, _prompt_of(seen))
        script, policy = ("", STATIC_POLICY) if static else inlined(bundle())
        data = page_data("report", dict(model), None if state is None else dict(state), fitting, saved=saved)
        return document(title, body, data, script, policy=policy, head=head)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"Expected a state and results of asks, found others ({type(error).__name__}).") from error


def _saved(model: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """When and with what a report was made, and what was asked for."""
    asked = next((payload for payload in shown if payload["schema"] in _SECTIONS), None)
    when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"date": when, "versions": versions(), "asked": None if asked is None else asked["schema"]}


def _prompt_of(shown: Sequence[Mapping[str, Any]]) -> str | None:
    """What was read, of the first payload that says so."""
    for payload in shown:
        for name in ("tokens", "clean_tokens"):
            if payload.get(name):
                return said(payload[name][: payload.get("prompt_length")])
    return None


def _saved_html(model: Mapping[str, Any], saved: Mapping[str, Any], prompt: str | None) -> str:
    """What stands above a report, with a script and without."""
    digest = model["weights_sha256"]
    weights = "a module in memory" if digest is None else f"weights SHA-256 <code>{escaped(str(digest))}</code>"
    made = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in saved["versions"].items())
    read = "" if prompt is None else f" Prompt: <q>{escaped(prompt)}</q>."
    return (
        f'<header class="saved"><p><strong>A saved report</strong> of {escaped(saved["date"])} about '
        f"<code>{escaped(str(model['name']))}</code> ({weights}), made with {made}.{read} It shows what was computed "
        "then and holds no model: other prompts, targets and tests are asked with <code>unembed open PROMPT</code>."
        "</p></header>\n"
    )


def static_html(model: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> str:
    """The part that needs no script: one section a kind of payload, and what it was made with."""
    chosen = {schema: _fullest(shown, schema) for schema in _SECTIONS}
    sections = [_SECTIONS[schema](payload) for schema, payload in chosen.items() if payload is not None]
    answer = chosen["unembed/explain/2"] or chosen["unembed/explain-answer/1"]
    return "".join([*sections, made_with(model, answer)])


def section_of(payload: Mapping[str, Any]) -> str | None:
    """The static part of a payload alone; None of a kind that has none."""
    section = _SECTIONS.get(payload["schema"])
    return None if section is None else section(payload)


def _fullest(shown: Sequence[Mapping[str, Any]], schema: str) -> Mapping[str, Any] | None:
    """The first payload of a kind; of explanations the first that was tested, if one was."""
    found = [payload for payload in shown if payload["schema"] == schema]
    return next((payload for payload in found if payload.get("control")), found[0] if found else None)


def _fitting(results: Mapping[str, Any]) -> dict[str, Any]:
    """The results that fit: those with a section of their own first, then the small ones."""
    shortened = {key: _shortened(payload) for key, payload in results.items()}
    sized = [(key, short, len(as_data({key: short}).encode())) for key, short in shortened.items()]
    sized.sort(key=lambda entry: (entry[1]["schema"] not in _SECTIONS, entry[2]))
    ends = itertools.accumulate(size for _, _, size in sized)
    return {key: short for (key, short, _), end in zip(sized, ends, strict=True) if end <= BUDGET}


def made_with(model: Mapping[str, Any], explained: Mapping[str, Any] | None) -> str:
    """The model and the versions that numbers come from, as a table; of an explanation its error as well."""
    rows = [
        ("model", escaped(str(model["name"]))),
        ("weights (SHA-256)", escaped(str(model["weights_sha256"] or "a module in memory"))),
        ("edits", escaped("; ".join(model["edits"]) or "none")),
        ("precision", escaped(f"{model['dtype']} on {model['device']}")),
    ]
    if explained is not None and "ledger" in explained:
        error, tolerance = explained["ledger"]["error"], explained["ledger"]["tolerance"]
        rows.append(("ledger error", f"{abs(error):.1e} of {tolerance:.1e} that rounding explains"))
    rows += [(escaped(name), escaped(version)) for name, version in versions().items()]
    return table("Made with", ("what", "value"), rows)


def _shortened(value: Any) -> Any:
    """Data with its numbers at `DIGITS` significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _shortened(entry) for name, entry in value.items()}
    return [_shortened(entry) for entry in value] if isinstance(value, list | tuple) else value
