"""The page of an encoder-decoder in a browser: the source, cross-attention by source position, a source beside it."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

import unembed
from browser.visits import SHOWN_PRECISION, Visit, number, serving, settled, values, violations, visiting
from builders.source_folders import SOURCE
from unembed.explorer.report_asks import kept
from unembed.explorer.session import Session
from unembed.progress import silent
from unembed.view.html.report import report_html
from unembed.view.payloads.common import model_facts

pytestmark = pytest.mark.browser
CROSS = {"kind": "cross_head", "layer": 1, "head": 0}


@pytest.fixture(scope="module")
def server(translator) -> Iterator[str]:
    with serving(unembed.load(str(translator)), {"source": SOURCE}) as address:
        yield address


def opened(visit: Visit, **state) -> Page:
    visit.page.goto(f"{visit.address}#{quote(json.dumps(state), safe='')}" if state else visit.address)
    visit.shows(state.get("view", "why"))
    return visit.page


def test_a_source_and_what_was_written_are_explained(visit: Visit) -> None:
    page = opened(visit)
    expect(page.get_by_role("textbox", name="Source", exact=True)).to_have_value(SOURCE)
    visit.see("parts")
    expect(page.get_by_role("list", name="Source").locator(".token")).to_have_count(len(SOURCE.split()) + 1)
    before = page.locator(".ledger tfoot .number").inner_text()
    page.get_by_label("Decoder's prompt").fill("das haus")
    page.keyboard.press("Enter")
    expect(page.locator(".panel-strip button.token")).to_have_count(3)
    page.get_by_role("textbox", name="Source", exact=True).fill("the haus is klein")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Source")).to_contain_text("klein")
    expect(page.locator(".ledger tfoot .number")).not_to_have_text(before)
    assert visit.state() == {"view": "parts", "a": "das haus", "source": "the haus is klein"}


def test_cross_attention_opens_to_heads_and_source_positions_that_sum(visit: Visit) -> None:
    page = opened(visit, view="parts", source=SOURCE, a="das haus", selection=CROSS)
    expect(page.locator("tr.sum.level-3")).to_contain_text("= the row above ✓")
    row = page.locator("tr.level-1", has_text="L1 cross").locator("td.number").inner_text()
    heads = values(page.locator(".ledger tr.level-2:not(.sum)"))
    assert len(heads) == 4, "all heads, so no row of others"
    assert sum(heads) == pytest.approx(number(row), abs=SHOWN_PRECISION * 6)
    sources = page.locator("tr.level-3:not(.sum):not(.others)")
    expect(sources).to_have_count(len(SOURCE.split()) + 1)
    expect(sources.first).to_contain_text("from")
    expect(page.locator(".panel-strip")).to_contain_text("through L1.X0")
    expect(page.locator(".panel-attention")).to_contain_text("Cross-attention: layer 1")
    expect(page.locator(".panel-inspector")).to_contain_text("looks at")


def test_a_part_inside_the_encoder_is_selected_inspected_and_tested(visit: Visit) -> None:
    """By its name; it is told what the part is, where it looks within the source, and what changes without it."""
    page = opened(visit, view="parts", source=SOURCE, a="das haus")
    page.get_by_label("Find").fill("enc.L1.H0")
    page.keyboard.press("Enter")
    assert visit.state()["selection"] == {"kind": "head", "layer": 1, "head": 0, "encoder": True}
    inspector = page.locator(".panel-inspector")
    expect(inspector).to_contain_text("Inspector: enc.L1.H0")
    expect(inspector).to_contain_text("at every position of the source")
    expect(inspector.locator("dd", has_text="the")).not_to_have_count(0)
    expect(page.locator(".panel-attention")).to_contain_text("Attention of the encoder: layer 1")
    expect(page.locator(".panel-attention canvas")).to_be_visible()
    expect(page.locator(".panel-strip")).to_contain_text("through enc.L1.H0")
    inspector.get_by_role("button", name="zero", exact=True).click()
    expect(inspector.locator(".big")).to_contain_text("→")
    visit.see("facts")
    button = page.locator(".panel-knowledge button.part", has_text="enc.L").first
    name = button.inner_text()
    button.click()
    visit.see("parts")
    expect(inspector).to_contain_text(f"Inspector: {name}")
    expect(inspector.locator("dd", has_text="logits")).to_be_visible()
    settled(page)
    assert page.get_by_role("alert").count() == 0
    assert not violations(page)


def test_a_report_shows_its_lens_and_its_strongest_head(browser: Browser, translator, tmp_path) -> None:
    """Also where a head of cross-attention is stronger: the pattern is that of the strongest of the decoder's own."""
    model, state = unembed.load(str(translator)), {"view": "parts", "a": "haus das", "source": SOURCE}
    path = tmp_path / "report.html"
    path.write_text(report_html(asdict(model_facts(model)), state, kept(Session(model), state, silent)))
    with visiting(browser, path.as_uri()) as visit:
        visit.page.goto(visit.address)
        for panel in ("lens", "attention"):
            expect(visit.page.locator(f".panel-{panel} canvas")).to_be_visible()
        expect(visit.page.get_by_text("Not kept in this report")).to_have_count(0)


def test_another_source_is_set_beside_it_and_swapped_in(visit: Visit) -> None:
    page = opened(visit, view="tests", source=SOURCE, a="das haus", b="the haus is klein", selection=CROSS, test="swap")
    expect(page.locator(".panel-inspector .big")).to_contain_text("→")
    visit.see("compare")
    rows = page.locator(".differences tbody tr")
    expect(rows.first).to_be_visible()
    for row in rows.all()[:5]:
        a, b, difference = (number(text) for text in row.locator("td.number").all_inner_texts())
        assert a - b == pytest.approx(difference, abs=3 * SHOWN_PRECISION)
    visit.see("graph")
    expect(page.locator(".panel-flow svg.flow text").filter(has_text=re.compile(r"^enc\.")).first).to_be_visible()
    visit.see("facts")
    expect(page.locator(".panel-knowledge")).to_contain_text("The encoder (enc.), at every position of the source")
    expect(page.locator(".panel-knowledge svg.layers")).to_have_count(2)
    settled(page)
    assert page.locator(".fact").count() == 0
    assert page.get_by_role("alert").count() == 0
    assert not violations(page)
