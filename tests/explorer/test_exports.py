"""What a panel exports: a figure whose text is text, a picture of its size, tables that hold the library's numbers."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import unembed
from browser.visits import Visit, serving, settled, violations, visiting
from unembed.view.payloads import payload_of, to_json
from unembed.view.payloads.common import model_facts

pytestmark = pytest.mark.browser
PROMPT = "Bambo lives in"
KINDS = ("SVG", "PNG", "CSV", "JSON")
DOTS_A_MILLIMETRE = 300 / 25.4


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.load("toy/facts")


@pytest.fixture(scope="module")
def address(model: unembed.Model) -> Iterator[str]:
    with serving(model) as found:
        yield found


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    with visiting(browser, address) as visited:
        yield visited


EXPORTS = {
    "why": {"words", "carried", "test", "looked-L2.H0", "rank-by-layer"},
    "parts": {"ledger", "heads-switched-off", "carried", "test", "lens", "heads-L2", "attention-L2.H0"},
    "graph": {"flow", "test"},
    "tests": {"test"},
    "compare": {"compare", "patching", "prediction"},
    "facts": {"knowledge"},
    "continue": {"prediction", "continuation"},
}
"""What each view exports."""
MODES = {
    "a probability": {},
    "a lead": {"vs": " Paris"},
    "the raw logit of a token further back": {"reference": "raw", "position": 1},
}
STATE = {
    "a": PROMPT,
    "b": "Lumi lives in",
    "selection": {"kind": "head", "layer": 2, "head": 0},
    "test": "zero",
    "pins": [{"part": {"kind": "head", "layer": layer, "head": 0}, "how": "zero"} for layer in (1, 2)],
}


def exported(page: Page, panel: str, folder: Path) -> dict[str, Path]:
    """The files of a panel's menu, by kind."""
    return kept_by(page, page.locator(f".panel-{panel} .exports").first, folder)


def kept_by(page: Page, menu: Locator, folder: Path) -> dict[str, Path]:
    """The files of a menu, by kind."""
    kept = {}
    for kind in KINDS:
        menu.locator("summary").click()
        with page.expect_download() as download:
            menu.get_by_role("button", name=kind).click()
        kept[kind] = folder / download.value.suggested_filename
        download.value.save_as(kept[kind])
        expect(menu).not_to_have_attribute("open", "")
    return kept


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def texts(path: Path) -> list[str]:
    return [element.text or "" for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_words_and_ledger_are_exported_as_figure_table_and_data(visit: Visit, model, tmp_path) -> None:
    explained = to_json(payload_of(unembed.explain(model, PROMPT)))
    visit.page.goto(f"{visit.address}#{json.dumps({'a': PROMPT})}")
    page = visit.page
    settled(page)
    words = exported(page, "words", tmp_path)
    assert [path.name for path in words.values()] == [f"unembed-words-facts.{kind.lower()}" for kind in KINDS]

    units = explained["words"]["units"]
    assert [row["unit"] for row in rows_of(words["CSV"])] == [unit["text"] for unit in units]
    for row, unit in zip(rows_of(words["CSV"]), units, strict=True):
        # The server records the prompt by itself: float32 sums in another order.
        assert float(row["effect"]) == pytest.approx(unit["effect"], abs=1e-4)
        assert float(row["probability_without"]) == pytest.approx(unit["probability_without"], abs=1e-5)
    data = json.loads(words["JSON"].read_text(encoding="utf-8"))
    assert data["schema"] == "unembed/explain/2"
    assert data["words"]["units"][0]["effect"] == float(rows_of(words["CSV"])[0]["effect"])

    said = " ".join(texts(words["SVG"]))
    sha = explained["model"]["weights_sha256"]
    for text in (*PROMPT.split(), explained["target"]["text"].strip(), f"SHA-256 {sha[:12]}", f"“{PROMPT}”", "float32"):
        assert text in said
    width = float(ET.parse(words["SVG"]).getroot().attrib["width"].removesuffix("mm"))
    with Image.open(words["PNG"]) as picture:
        picture.load()
        assert picture.width == pytest.approx(width * DOTS_A_MILLIMETRE, abs=1)
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert min(picture.convert("L").tobytes()) < 60, "something is drawn on it"

    page.get_by_role("link", name="Parts").click()
    settled(page)
    ledger = exported(page, "ledger", tmp_path)
    terms = explained["ledger"]["terms"]
    assert [row["kind"] for row in rows_of(ledger["CSV"])] == [term["kind"] for term in terms]
    values = [float(row["logits"]) for row in rows_of(ledger["CSV"])]
    assert values == pytest.approx([term["value"] for term in terms], abs=1e-4)
    assert sum(values) == pytest.approx(explained["ledger"]["value"], abs=explained["ledger"]["tolerance"] + 1e-4)


@pytest.mark.parametrize(
    "mode", [name if not fields else pytest.param(name, marks=pytest.mark.slow) for name, fields in MODES.items()]
)
def test_every_export_of_every_view_is_a_figure_a_table_and_data(visit: Visit, model, tmp_path, mode: str) -> None:
    page = visit.open(**STATE, **MODES[mode])
    for view, names in EXPORTS.items():
        complete(visit, view)
        menus, found = page.locator(".exports"), set()
        for place in range(menus.count()):
            files = kept_by(page, menus.nth(place), tmp_path)
            found.add(files["SVG"].stem.removeprefix("unembed-").removesuffix("-facts"))
            check_files(files, model)
        assert found == names, view


def complete(visit: Visit, view: str) -> None:
    """A view with all its answers."""
    page = visit.see(view)
    if view == "continue":
        page.get_by_role("button", name="Continue by").press("Enter")
        expect(page.locator(".panel-generation .token").first).to_be_visible()
    if view == "facts":
        page.get_by_role("button", name="Find its neurons").press("Enter")
    settled(page)
    if view == "facts":
        expect(page.locator(".panel-knowledge .exports")).to_be_visible()


def check_files(files: dict[str, Path], model: unembed.Model) -> None:
    """A figure with vector text and what it was made from, a picture with something on it, a table, and data."""
    said = " ".join(texts(files["SVG"]))
    sha = model_facts(model).weights_sha256 or ""
    for fact in (PROMPT, f"SHA-256 {sha[:12]}", "float32", f"unembed {unembed.__version__}"):
        assert fact in said, files["SVG"].name
    with Image.open(files["PNG"]) as picture:
        width = float(ET.parse(files["SVG"]).getroot().attrib["width"].removesuffix("mm"))
        assert picture.width == pytest.approx(width * DOTS_A_MILLIMETRE, abs=1)
        assert min(picture.convert("L").tobytes()) < 60, files["PNG"].name
    rows = rows_of(files["CSV"])
    assert rows, files["CSV"].name
    for row in rows:
        assert None not in row, "a row has more fields than the header"
        assert None not in row.values(), "a row has fewer fields than the header"
    data = json.loads(files["JSON"].read_text(encoding="utf-8"))
    for made in [data[side] for side in ("a", "b")] if set(data) == {"a", "b"} else [data]:
        assert made["schema"].startswith("unembed/"), files["JSON"].name


def test_the_menu_works_by_keyboard_and_axe_finds_nothing(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}#{json.dumps({'a': PROMPT})}")
    page = visit.page
    settled(page)
    menu = page.locator(".panel-carried .exports")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    assert [each for each in violations(page) if "exports" in each or "summary" in each] == []
    page.keyboard.press("Tab")
    expect(menu.get_by_role("button", name="SVG")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "unembed-carried-facts.svg"
    menu.locator("summary").click()
    page.locator("h1").first.click()
    expect(menu).not_to_have_attribute("open", "")
