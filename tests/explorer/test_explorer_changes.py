"""After a change of what is asked, no panel shows an old answer as if it were the new one's."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

import unembed
from browser.visits import Visit, serving, settled, visiting

pytestmark = pytest.mark.browser
PROMPT, OTHER = "Bambo lives in", "Banter lives in"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(unembed.load("toy/facts")) as found:
        yield found


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    with visiting(browser, address) as visited:
        yield visited


def test_a_continuation_goes_with_its_prompt(visit: Visit) -> None:
    page = visit.open(view="continue", a=PROMPT)
    page.get_by_role("button", name="Continue by").click()
    tokens = page.locator(".panel-generation .token")
    tokens.nth(1).click()
    visit.expect_state(position=3)
    visit.see("continue")
    expect(tokens.nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Prompt", exact=True).fill(OTHER)
    page.get_by_label("Prompt", exact=True).press("Enter")
    settled(page)
    expect(tokens).to_have_count(0)


def test_a_pattern_keeps_its_name_until_the_next_is_here(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT, selection={"kind": "head", "layer": 1, "head": 0})
    name = page.locator(".panel-attention h3")
    expect(name).to_have_text("L1.H0")
    settled(page)
    page.route("**/ask", lambda route: None)  # held until the route is taken away
    page.locator(".panel-attention").get_by_role("button", name="L1.H1").click()
    expect(page.locator(".panel-attention .stale h3")).to_have_text("L1.H0")
    page.unroute("**/ask")
    expect(name).to_have_text("L1.H1")


def test_patching_is_shown_where_it_is_read(visit: Visit) -> None:
    page = visit.open(view="compare", a=PROMPT, b=OTHER, position=1)
    expect(page.locator(".panel-compare")).to_contain_text("Patching is read at the last token")
    visit.see("parts")
    page.locator(".panel-strip .token").last.click()
    visit.see("compare")
    expect(page.locator(".panel-compare")).to_contain_text("Patching: B with one value of A at a time")


def test_a_link_of_an_encoder_decoder_opens_on_a_decoder(visit: Visit) -> None:
    visit.open(a=PROMPT, source="the house is small")
    visit.expect_state(a=PROMPT, source=None)


def test_a_long_comparison_scrolls_in_its_panel_on_a_narrow_page(visit: Visit) -> None:
    page = visit.open(view="compare", a=" ".join([PROMPT] * 10), b=" ".join([OTHER] * 10))
    expect(page.locator(".columns")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".columns").bounding_box()["width"] > 360
