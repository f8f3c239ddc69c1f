"""show: a result in a notebook: as the page's widget where one runs, and as HTML that needs nothing.

The widget answers what the page asks from the model that the result holds, in the notebook's own process, one ask after
the other; a click cannot stop one that runs. The HTML stands beside it and is there where no widget runs, as in an
exported notebook; where one runs, JupyterLab leaves it out.
"""

import json
from dataclasses import asdict
from typing import Any

from unembed.errors import InputError
from unembed.explorer.asks import answer_json
from unembed.explorer.report_asks import explain_keys, source_state
from unembed.explorer.session import Session
from unembed.explorer.worker import failure
from unembed.methods.explain import Explanation
from unembed.methods.lens import Lens
from unembed.methods.patching import Patching
from unembed.models.model import Model
from unembed.models.prompts import text_of_prompt
from unembed.models.reprs import Brief
from unembed.progress import silent
from unembed.view.html.report import made_with, section_of
from unembed.view.html.shell import STYLE, bundle, page_data
from unembed.view.payloads import payload_of, to_json
from unembed.view.payloads.common import model_facts, text_of

_BESIDE = ".jp-OutputArea:has(.unembed) .unembed-static { display: none; }"
"""Where the widget shows, the same without it is not shown a second time."""


class Shown:
    """A result as a notebook shows it."""

    def __init__(self, result: Any) -> None:
        if not isinstance(result, Brief):
            raise InputError(f"Expected a result of this package, found {type(result).__name__}.")
        model = getattr(result, "model", None)
        facts = _facts(model)
        found = to_json(payload_of(result)) if payload_of.knows(result) else None
        section = None if found is None else section_of(found)
        body = result._repr_html_() if section is None else section
        made = "" if facts is None else made_with(facts, found)
        self.html = f'<style>{STYLE}{_BESIDE}</style><div class="unembed-static">{body}{made}</div>'
        self.text, state = repr(result), _state_of(result)
        asked = state and isinstance(result, Explanation) and result.ledger.by == "sublayer"
        results = dict.fromkeys(explain_keys(state, found), found) if asked and found else {}
        self.data = {**page_data("widget", facts, state or None, results), "live": bool(state)}
        self.widget = _widget(self.data, model) if state and isinstance(model, Model) else None

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """What is shown without a widget."""
        return {"text/html": self.html}

    def _ipython_display_(self, **options: Any) -> None:
        """The widget, where there is one, and what is shown without: two outputs, of which exports keep the second."""
        from IPython.display import display

        if self.widget is not None:
            display(self.widget)
        display({"text/html": self.html, "text/plain": self.text}, raw=True)


def _facts(model: Any) -> dict[str, Any] | None:
    """The facts of a model as JSON; None of what is no model."""
    return asdict(model_facts(model)) if isinstance(model, Model) else None


def show(result: Any) -> Shown:
    """Show a result in a notebook.

    Explanations, lenses and patching sweeps open as the page, where `anywidget` is installed; every other result is a
    table. Either is there as HTML that needs nothing, so that an exported notebook shows it.

    Args:
        result: of any function of this package.

    Raises:
        InputError: it is none.
    """
    return Shown(result)


def _state_of(result: Any) -> dict[str, Any]:
    """The page's state for a result that it can show; else empty."""
    if isinstance(result, Explanation):
        return _explained(result)
    if isinstance(result, Lens):
        return _state(result.run.model, "parts", a=result.run.tokens)
    if isinstance(result, Patching):
        return _state(result.model, "compare", a=result.clean_tokens, b=result.corrupt_tokens)
    return {}


def _explained(result: Explanation) -> dict[str, Any]:
    model, read = result.model, result.readout
    state = _state(model, "why", a=result.run.tokens)
    if not state:
        return state
    return {
        **state,
        "position": read.position,
        "target": text_of(model, result.target.token),
        "vs": None if read.versus is None else text_of(model, read.versus),
        "reference": "raw" if read.reference == "raw" else "mean",
    }


def _state(model: Model, view: str, **prompts: tuple[int, ...]) -> dict[str, Any]:
    """The page's state for some prompts, in a view; empty where no text gives these tokens: the page asks by text."""
    texts = {name: text_of_prompt(model, tokens) for name, tokens in prompts.items()}
    return {} if None in texts.values() else {"view": view, **texts, **source_state(model)}


def _widget(data: dict[str, Any], model: Model) -> Any:
    """The anywidget; None where it is not installed."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class Explorer(anywidget.AnyWidget):
        _esm = bundle()
        data = traitlets.Dict().tag(sync=True)

    widget = Explorer(data=data)
    if data["live"]:
        session = Session(model)
        widget.on_msg(lambda self, message, _: _reply(self, session, message))
    return widget


def _reply(widget: Any, session: Session, message: Any) -> None:
    """Answer one ask of the page. A cancellation comes too late to stop anything."""
    if not isinstance(message, dict) or "ask" not in message:
        return

    def tell(event: str, data: Any) -> None:
        widget.send({"id": message.get("id"), "event": event, "data": data})

    try:
        tell("result", json.loads(answer_json(session, message["ask"], silent)))
    except Exception as error:  # noqa: BLE001  # the page would wait for ever
        tell(*failure(error))
