"""The shell: the HTML around the bundle. What data holds is never markup: `<` and its like are written as escapes."""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

from unembed.view.html.markup import escaped

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .1rem .8rem .1rem 0; text-align: left; vertical-align: middle; }
td.number, th.number { text-align: right; }
caption { text-align: left; font-weight: 600; padding: .6rem 0 .2rem; }
tbody th { font-weight: inherit; } .saved { border-left: 4px solid #b35806; padding-left: .8rem; }
svg { display: block; } .grid rect { width: 13px; height: 13px; } .scroll { overflow-x: auto; }
.names text { fill: currentColor; font: 11px system-ui, sans-serif; }
.positive { fill: #b35806; } .negative { fill: #7a6bb0; } .faint { opacity: .75; }
""".strip()
_NOSCRIPT = (
    "<noscript><p>This page needs JavaScript. A report that does not: "
    "<code>unembed explain PROMPT --html report.html</code></p></noscript>"
)


def bundle() -> str:
    """The page's script: one ES module."""
    return files("unembed.view.html").joinpath("explorer.js").read_text(encoding="utf-8")


def page_html(
    model: dict[str, Any], state: dict[str, Any] | None, *, token: str | None, study: dict[str, Any] | None = None
) -> str:
    """The page of a server, which fills itself by asking; with a study, it begins with the table of its prompts."""
    data = page_data("page", model, state, {}, token=token)
    if study is not None:
        data["study"] = study
    script = '<script type="module" src="/explorer.js"></script>'
    return document("unembed", _NOSCRIPT, data, script)


def page_data(
    host: str,
    model: dict[str, Any] | None,
    state: dict[str, Any] | None,
    results: dict[str, Any],
    *,
    token: str | None = None,
    saved: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What the page starts from; `saved` is of a report: when, with which versions, and what was asked for."""
    data = {"host": host, "token": token, "model": model, "state": state, "results": results}
    return data if saved is None else {**data, "saved": saved}


STATIC_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Of a report that has no script."""


def inlined(script: str) -> tuple[str, str]:
    """A module as a script element, and the policy that lets this very text run and nothing be fetched."""
    text = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return f'<script type="module">{text}</script>', policy


def document(
    title: str, body: str, data: dict[str, Any], script: str, *, policy: str | None = None, head: str = ""
) -> str:
    """The whole document. `head` and `body` are markup, `script` an element; `data` is what the page starts from.

    The page takes the place of `body`; `head` stands above both.
    """
    meta = "" if policy is None else f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{meta}<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escaped(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{head}<div id="unembed"><main>{body}</main></div>
<script type="application/json" id="unembed-data">{as_data(data)}</script>
{script}
</body>
</html>
"""


def as_data(data: Any) -> str:
    """JSON that no parser of HTML takes for markup."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text.encode("utf-8", "backslashreplace").decode()
