"""`unembed.show`: the page's widget, and beside it what a notebook shows without one."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

import unembed
from browser.document import Document
from builders.random_models import VOCAB
from builders.words import PROMPT, save_tiny
from unembed.explorer import asks
from unembed.explorer.report_asks import key_of
from unembed.view import payloads
from unembed.view.html.report import static_html

pytestmark = pytest.mark.usefixtures("own_cache")
OTHER = "the capital of Rome is"


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> unembed.Model:
    folder: Path = save_tiny(tmp_path_factory.mktemp("models") / "tiny", vocab=12)
    return unembed.load(str(folder))


def test_show_has_the_static_part_and_a_widget_that_answers(model):
    result = unembed.explain(model, PROMPT, "Paris", position=3)
    shown = unembed.show(result)
    payload = payloads.to_json(payloads.payload_of(result))
    assert static_html(payload["model"], [payload]) in shown._repr_mimebundle_()["text/html"]
    assert shown.widget.data["host"] == "widget"
    assert shown.widget.data["state"] == {
        "view": "why",
        "a": PROMPT,
        "position": 3,
        "target": "Paris",
        "vs": None,
        "reference": "mean",
    }
    first = {
        "ask": "explain",
        "prompt": PROMPT,
        "target": "Paris",
        "position": 3,
        "test": False,
        "parts": False,
        "top": 10,
    }
    assert shown.widget.data["results"][key_of(first)] == payload

    said = []
    shown.widget.send = said.append
    for ask in ({"ask": "terms", "prompt": PROMPT, "layer": 0, "sublayer": "mlp"}, {"ask": "terms", "prompt": ""}):
        shown.widget._handle_custom_msg({"id": 7, "ask": ask}, [])
    shown.widget._handle_custom_msg({"id": 8, "cancel": True}, [])
    assert [(m["id"], m["event"]) for m in said] == [(7, "result"), (7, "error")]
    assert said[0]["data"]["schema"] == "unembed/terms/1"


def test_a_crash_of_an_ask_is_told_to_the_widget(model, monkeypatch):
    def crash(*_, **__):
        raise ZeroDivisionError("here")

    monkeypatch.setitem(asks.ASKS, "lens", crash)
    shown, said = unembed.show(unembed.explain(model, PROMPT, test=False)), []
    shown.widget.send = said.append
    shown.widget._handle_custom_msg({"id": 7, "ask": {"ask": "lens", "prompt": PROMPT}}, [])
    assert [(m["id"], m["event"], m["data"]["exit_code"]) for m in said] == [(7, "error", 1)]
    assert "ZeroDivisionError: here" in said[0]["data"]["message"]


def test_show_without_anywidget_is_the_static_part(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    for result in (unembed.lens(model, PROMPT), unembed.patch(model, PROMPT, OTHER, "Paris", "Rome")):
        shown = unembed.show(result)
        assert shown.widget is None
        assert list(shown._repr_mimebundle_()) == ["text/html"]
        assert "<table>" in shown._repr_mimebundle_()["text/html"]


def test_an_exported_notebook_shows_the_result_without_a_widget(model, monkeypatch):
    outputs = []

    def display(shown, *, raw: bool = False) -> None:
        data = shown if raw else shown._repr_mimebundle_()
        data = {**(data[0] if isinstance(data, tuple) else data)}
        outputs.append(nbformat.v4.new_output("display_data", data=data))

    monkeypatch.setattr("IPython.display.display", display)
    shown = unembed.show(unembed.explain(model, PROMPT, "Paris"))
    shown._ipython_display_()
    assert ["application/vnd.jupyter.widget-view+json" in output.data for output in outputs] == [True, False]
    cell = nbformat.v4.new_code_cell("unembed.show(found)", outputs=outputs)
    text, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    kept, exported = (
        [[["".join(cell.split()) for cell in row] for row in table] for table in Document(html).tables]
        for html in (shown.html, text)
    )
    assert len(kept) > 4
    assert all(table in exported for table in kept), "in the body, where no script and no server is needed"


def test_show_of_token_ids_that_no_text_gives_asks_nothing(model):
    shown = unembed.show(unembed.explain(model, (2, 3, VOCAB - 1)))
    assert shown.data["live"] is False
    assert shown.data["state"] is None
