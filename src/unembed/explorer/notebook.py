"""show: a result in a notebook, as the page's widget, with the report's static part where no widget runs.

The widget answers what the page asks from the model that the result holds, in the notebook's own process, one ask after
the other; a click cannot stop one that runs.
"""

from typing import Any

from unembed.errors import InputError
from unembed.explorer.asks import answer
from unembed.explorer.report_asks import explain_keys, source_state
from unembed.explorer.session import Session
from unembed.explorer.worker import failure
from unembed.methods.explain import Explanation
from unembed.methods.lens import Lens
from unembed.methods.patching import Patching
from unembed.models.model import Model
from unembed.models.prompts import text_of_prompt
from unembed.progress import silent
from unembed.view.html.report import static_html
from unembed.view.html.shell import STYLE, bundle, page_data
from unembed.view.payloads import payload_of, to_json
from unembed.view.payloads.common import text_of

Result = Explanation | Lens | Patching


class Shown:
    """A result as a notebook shows it: a widget where anywidget is installed and runs, else HTML."""

    def __init__(self, result: Result) -> None:
        model, state, payload = _facts(result)
        found = to_json(payload)
        facts = found["model"]
        self.html = f"<style>{STYLE}</style>{static_html(facts, [found])}"
        asked = state and isinstance(result, Explanation) and result.ledger.by == "sublayer"
        results = dict.fromkeys(explain_keys(state, found), found) if asked else {}
        self.data = {**page_data("widget", facts, state or None, results), "live": bool(state)}
        self.widget = _widget(self.data, model)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]:
        """The widget with the static part as its fallback."""
        found = {} if self.widget is None else self.widget._repr_mimebundle_(**options)
        data, *more = found if isinstance(found, tuple) else (found,)
        data = {**(data or {}), "text/html": self.html}
        return (data, *more) if more else data  # type: ignore[return-value]


def show(result: Result) -> Shown:
    """Show an explanation, a lens or a patching sweep in a notebook.

    Args:
        result: from `explain`, `lens` or `patch`.

    Raises:
        InputError: another kind of result.
    """
    return Shown(result)


def _facts(result: Result) -> tuple[Model, dict[str, Any], Any]:
    """The model of a result, the page's state for it, and its payload."""
    if isinstance(result, Explanation):
        model, payload = result.model, payload_of(result)
        return model, _explained(result), payload
    if isinstance(result, Lens):
        model = result.run.model
        return model, _state(model, "parts", a=result.run.tokens), payload_of(result)
    if isinstance(result, Patching):
        state = _state(result.model, "compare", a=result.clean_tokens, b=result.corrupt_tokens)
        return result.model, state, payload_of(result)
    raise InputError(f"Expected a result of explain, lens or patch, found {type(result).__name__}.")


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
        tell("result", answer(session, message["ask"], silent))
    except Exception as error:  # noqa: BLE001  # the page would wait for ever
        tell(*failure(error))
