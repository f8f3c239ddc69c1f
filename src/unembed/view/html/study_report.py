"""`unembed report --html`: what matters over all prompts of a study as one file that shows without a script."""

from collections.abc import Mapping
from typing import Any

from unembed.view.glyphs import percent, signed
from unembed.view.html.markup import bar, escaped, table, token
from unembed.view.html.shell import STATIC_POLICY, document
from unembed.view.payloads.common import versions

_Payload = Mapping[str, Any]


def study_report_html(payload: _Payload) -> str:
    """The whole file.

    Args:
        payload: `unembed/report/1` as JSON.
    """
    tables = "".join(_table(each, payload) for each in payload["tables"])
    note = (
        '<p class="faint">Intervals: 95 %, by drawing prompts again (bootstrap); of fewer than five prompts none is '
        "told. They are not corrected for the number of rows.</p>\n"
    )
    made = [(escaped(name), escaped(version)) for name, version in versions().items()]
    body = _head(payload) + tables + note + _prompts(payload) + table("Made with", ("what", "version"), made)
    return document(f"unembed: {payload['do']} over prompts", body, {}, "", policy=STATIC_POLICY)


def _head(payload: _Payload) -> str:
    well = payload["answered"] - payload["failures"]
    said = [
        f"<p>By <code>{escaped(payload['model'])}</code>, of the study in <code>{escaped(payload['folder'])}</code>."
    ]
    if payload["answered"] < payload["rows"]:
        said.append(f"{payload['answered']:,} of {payload['rows']:,} rows are there: the study is not finished.")
    if payload["failures"]:
        said.append(f"Rows with an error, which are in no mean: {payload['failures']:,}.")
    return f"<h1>{escaped(payload['do'].capitalize())} over {well:,} prompts</h1>\n{' '.join(said)}</p>\n"


def _table(found: _Payload, payload: _Payload) -> str:
    """A kind of finding: each mean with its interval, of all prompts and of each group."""
    shown = len({mean["name"] for mean in found["means"]})
    among = "" if shown == found["count"] else f", the largest {shown} of {found['count']:,}"
    caption = f"{escaped(found['what'].capitalize())}: mean over prompts, {escaped(found['unit'])}{among}"
    groups = [] if payload["by"] is None else [escaped(payload["by"])]
    most = max((abs(mean["mean"]) for mean in found["means"]), default=0.0)
    rows = [_row(mean, most, grouped=bool(groups)) for mean in found["means"]]
    return table(caption, ("", *groups, "#mean", "#from", "#to", "#prompts", ""), rows)


def _row(mean: _Payload, most: float, *, grouped: bool) -> tuple[str, ...]:
    group = ["all" if mean["group"] is None else escaped(mean["group"])] if grouped else []
    ends = ["" if mean[end] is None else signed(mean[end]) for end in ("low", "high")]
    return escaped(mean["name"]), *group, signed(mean["mean"]), *ends, f"{mean['prompts']:,}", bar(mean["mean"], most)


def _prompts(payload: _Payload) -> str:
    """What was asked, and what the model said."""
    listed, columns = payload["prompts"], payload["columns"]
    among = "" if len(listed) == payload["answered"] else f", the first {len(listed):,} of {payload['answered']:,}"
    head = ("row", "prompt", "asked about", "#probability", *map(escaped, columns), "error")
    return table(f"The prompts{among}", head, [_prompt(each) for each in listed])


def _prompt(each: _Payload) -> tuple[str, ...]:
    asked = "" if each["target"] is None else token(each["target"])
    versus = "" if each["versus"] is None else f" against {token(each['versus'])}"
    likely = "" if each["probability"] is None else percent(each["probability"])
    about = ["" if cell is None else escaped(str(cell)) for cell in each["about"]]
    return str(each["row"]), escaped(each["prompt"]), asked + versus, likely, *about, escaped(each["error"] or "")
