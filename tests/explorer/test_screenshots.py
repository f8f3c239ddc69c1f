"""The pictures in the docs: taken anew, held against what they must show and against those that are kept.

`make studies` takes them; `make screenshots` (UNEMBED_SCREENSHOTS=1) also keeps the new ones in docs/explorer/.
"""

import io
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from browser.visits import Visit, settled

pytestmark = [pytest.mark.real, pytest.mark.browser]
FOLDER = Path(__file__).parents[2] / "docs" / "explorer"
PAGES = FOLDER.parent / "explorer.md", FOLDER.parent / "explorer-panels.md"
STATE = {
    "a": "The capital of France is",
    "b": "The capital of Germany is",
    "selection": {"kind": "head", "layer": 23, "head": 4},
    "test": "zero",
    "pins": [{"part": {"kind": "neuron", "layer": 24, "neuron": 1005}, "how": "zero"}],
}
SHOWS = {
    "why": {
        "sentence": ('It says "Paris" (77.3%). Without "capital", "Paris" falls to 0.09%', "L23.H4"),
        "words": ("France", "asked here", "Without capital alone: Paris 77.3% → 0.09%"),
        "carried": ("What carried it", "L23.H4", "77.3% → 14.7%", "add up to"),
        "looked": ("Where L23.H4 looked", "·France"),
        "knew": ("When it knew", "top from"),
    },
    "parts": {
        "strip": ("Tokens", "·France", "through L23.H4"),
        "ledger": ("Ledger", "L23.H4", "from 3 ·France", "= model ✓"),
        "inspector": ("Inspector", "L23.H4", "writes toward", "Control:"),
        "lens": ("Logit lens", "·Paris"),
        "attention": ("Attention: layer 23", "L23.H4"),
    },
    "graph": {"flow": ("Paths", "other paths")},
    "tests": {"pins": ("Pins", "L24.N1005")},
    "compare": {"compare": ("Compare A and B", "·Germany")},
    "facts": {"knowledge": ("Knowledge", "·Paris")},
    "continue": {"prediction": ("Prediction", "·Paris", "·Berlin"), "generation": ("Generation", "·Paris")},
}
"""What the picture of each panel of each view must show."""
PICTURES = {f"view-{view}" for view in SHOWS} | {name for panels in SHOWS.values() for name in panels}
OF_BEFORE = {"page-of-0-1"}
"""Pictures of pages that are no more, which nothing can take anew."""
FEWEST_COLOURS = 24
"""Of a picture that shows something: text alone has a dozen greys at the edges of its letters."""
LARGEST_SET = 1_500_000
"""Bytes of all pictures."""


@pytest.mark.slow
def test_every_view_and_panel_has_its_picture(visit: Visit) -> None:
    page = visit.open(**STATE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    for view, panels in SHOWS.items():
        complete(visit, view)
        for name, shown in panels.items():
            panel = page.locator(f".panel-{name}")
            for text in shown:
                expect(panel).to_contain_text(text)
            compare(name, picture(panel))
        page.evaluate("scrollTo(0, 0)")
        compare(f"view-{view}", picture(page))
    assert {path.stem for path in FOLDER.glob("*.png")} == PICTURES | OF_BEFORE
    assert sum(path.stat().st_size for path in FOLDER.glob("*.png")) < LARGEST_SET


def test_every_picture_is_in_the_docs_with_words_for_it() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = dict(re.findall(r"!\[([^\]]*)\]\(explorer/([\w-]+)\.png\)", text))
    assert set(found.values()) == PICTURES | OF_BEFORE
    assert all(len(words) > 30 for words in found), "an alternative text says what the picture shows"


def complete(visit: Visit, view: str) -> None:
    """Goes to a view, and waits for all its answers."""
    page = visit.see(view)
    if view in ("graph", "compare", "facts"):
        expect(page.locator(".twin").first).to_be_attached()
    if view == "continue":
        # By keyboard: what a pointer is over may move while the panels above it are answered.
        page.get_by_role("button", name="Continue by").press("Enter")
        expect(page.locator(".panel-generation .token").first).to_be_attached()
    settled(page)
    page.mouse.move(0, 0)


def picture(panel: Locator | Page) -> Image.Image:
    """A panel, or a page, as it is seen, in few colours: the file is a third as large, and looks the same."""
    seen = Image.open(io.BytesIO(panel.screenshot(animations="disabled"))).convert("RGB")
    colours = seen.getcolors(maxcolors=seen.width * seen.height)
    assert colours is not None
    assert len(colours) > FEWEST_COLOURS, "the picture is blank"
    return seen.quantize(128, dither=Image.Dither.NONE)


def compare(name: str, taken: Image.Image) -> None:
    """Holds a picture against the one that is kept; text wraps a little differently with other fonts."""
    path = FOLDER / f"{name}.png"
    if os.environ.get("UNEMBED_SCREENSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        taken.save(path, optimize=True)
    with Image.open(path) as kept:
        assert taken.width == pytest.approx(kept.width, rel=0.05), f"{name}: take it anew with `make screenshots`"
        assert taken.height == pytest.approx(kept.height, rel=0.25), f"{name}: take it anew with `make screenshots`"
