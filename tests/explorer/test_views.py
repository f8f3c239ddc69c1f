"""The views of the page: each has an address, fits every width, and is there for those who see or hear otherwise."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.visits import READY, Visit, settled, violations, visiting
from builders.commands import run

pytestmark = [pytest.mark.real, pytest.mark.browser]
PROMPT, PROMPT_B = "The capital of France is", "The capital of Germany is"
HEAD = {"kind": "head", "layer": 23, "head": 4}
STATE = {
    "a": PROMPT,
    "b": PROMPT_B,
    "selection": HEAD,
    "test": "zero",
    "pins": [{"part": {"kind": "neuron", "layer": 24, "neuron": 1005}, "how": "zero"}],
}
WIDTHS = (360, 820, 1280, 3840)
FOCUS = """(() => {
    const focused = document.activeElement;
    const style = getComputedStyle(focused);
    const seen = style.outlineStyle !== "none" || style.boxShadow !== "none";
    const name = focused.closest(".panel")?.className.split("panel-")[1] ?? "";
    return [name, seen || focused === document.body, focused.outerHTML.slice(0, 120)];
})()"""
"""The panel of what has the focus, whether that is seen, and what it is."""
NOTHING_TO_REACH = {"looked"}
"""A panel without anything to choose."""
TOO_WIDE = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame(); await frame();
    const scrolls = node => getComputedStyle(node).overflowX !== "visible";
    const within = (node, home) => {
        for (let at = node.parentElement; at && at !== home; at = at.parentElement) if (scrolls(at)) return true;
        return false;
    };
    const found = [];
    for (const home of document.querySelectorAll(".panel, header.top")) {
        if (home.scrollWidth > home.clientWidth + 1) found.push(`${home.className}: ${home.scrollWidth}`);
        const edge = home.getBoundingClientRect();
        for (const node of home.querySelectorAll("*")) {
            const box = node.getBoundingClientRect();
            if (box.width === 0 || (box.right <= edge.right + 1 && box.left >= edge.left - 1)) continue;
            if (!within(node, home)) found.push(node.outerHTML.slice(0, 160));
        }
    }
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) found.push(`the page: ${scrollWidth}`);
    return found.slice(0, 5);
}"""
"""What is wider than its panel and does not scroll there."""


@pytest.fixture(scope="module")
def whole(browser: Browser, server: str) -> Iterator[Visit]:
    """A page with something to see in every view, which the tests share: it keeps its answers."""
    with visiting(browser, server) as visited:
        visited.open(**STATE)
        yield visited


def complete(visit: Visit, view: str) -> Page:
    """A view with all its answers."""
    page = visit.see(view)
    if view == "continue" and not page.locator(".panel-generation .token").count():
        page.get_by_role("button", name="Continue by").press("Enter")
        expect(page.locator(".panel-generation .token").first).to_be_visible()
    settled(page)
    return page


@pytest.mark.parametrize("view", READY)
def test_a_view_fits_every_width_and_axe_finds_nothing(whole: Visit, view: str) -> None:
    page = complete(whole, view)
    expect(page.get_by_role("navigation", name="Views").locator("[aria-current=page]")).to_have_count(1)
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(TOO_WIDE) == [], width
            if width == 360:
                assert violations(page) == []
        page.set_viewport_size({"width": 1400, "height": 900})
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast") == []
    finally:
        page.set_viewport_size({"width": 1400, "height": 900})
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("view", READY)
def test_tab_reaches_every_panel_and_the_focus_is_seen(whole: Visit, view: str) -> None:
    page = complete(whole, view)
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    reached, unseen = set(), []
    for _ in range(300):
        page.keyboard.press("Tab")
        name, seen, what = page.evaluate(FOCUS)
        if name == "" and reached:  # past the last panel
            break
        reached |= {name} - {""}
        if not seen:
            unseen.append(what)
    panels = page.evaluate("[...document.querySelectorAll('.panel')].map(p => p.className.split('panel-')[1])")
    assert set(panels) - reached <= NOTHING_TO_REACH
    assert not unseen


def test_the_keys_are_told_on_a_narrow_page(whole: Visit) -> None:
    page = complete(whole, "why")
    page.set_viewport_size({"width": 360, "height": 900})
    page.locator("body").press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1400, "height": 900})


def test_back_and_forward_go_through_views_and_prompts_and_an_address_shows_the_same(visit: Visit) -> None:
    page = visit.open(a=PROMPT)
    visit.see("parts")
    page.locator("tr.level-1", has_text="L23 attn").click()
    visit.expect_state(view="parts", selection={"kind": "attention", "layer": 23})
    page.get_by_label("Prompt", exact=True).fill(PROMPT_B)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-ledger")).to_contain_text("Why ·Berlin")
    visit.see("tests")
    page.go_back()
    visit.shows("parts")
    visit.expect_state(view="parts", a=PROMPT_B)
    page.go_back()
    expect(page.locator(".panel-ledger")).to_contain_text("Why ·Paris")
    visit.expect_state(view="parts", a=PROMPT)
    page.go_back()
    visit.shows("why")
    visit.expect_state(view=None, a=PROMPT)
    for _ in range(3):
        page.go_forward()
    visit.shows("tests")
    visit.expect_state(view="tests", a=PROMPT_B)
    address = page.url
    page.reload()
    visit.shows("tests")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value(PROMPT_B)
    assert page.url == address


def test_every_view_has_an_address_that_opens_it(whole: Visit, browser: Browser, server: str) -> None:
    complete(whole, "why")
    links = whole.page.get_by_role("navigation", name="Views").get_by_role("link")
    addresses = [link.get_attribute("href") for link in links.all()]
    assert len(set(addresses)) == len(READY)
    with visiting(browser, server) as other:
        for view, address in zip(READY, addresses, strict=True):
            other.page.goto("about:blank")
            other.page.goto(server + (address or ""))
            other.shows(view)
            assert {"view": "why", **other.state()} == {"view": view, **STATE}


COMPUTED = {
    ("explain", PROMPT): ("why .panel-carried tbody", "parts .panel-lens canvas", "graph .panel-flow svg"),
    ("lens", PROMPT): ("parts .panel-lens canvas", "why .panel-carried tbody"),
    ("patch", PROMPT, PROMPT_B): ("compare .panel-compare canvas", "why .panel-words .said"),
    ("knowledge", "attribute", PROMPT): ("facts .panel-knowledge svg", "why .panel-carried tbody"),
}
"""What the views of a command's report show, the one it opens in first."""


@pytest.mark.parametrize("command", COMPUTED, ids=lambda command: command[0])
def test_a_report_opens_in_its_view_and_shows_what_was_computed(
    browser: Browser, folder: Path, monkeypatch, capsys, tmp_path, own_cache, command: tuple[str, ...]
) -> None:
    path = tmp_path / "report.html"
    words = [word.replace("Germany", "Rome").replace("The", "the") for word in command]
    target = [] if "lens" in command or "explain" in command else ["--target", "Paris"]
    code, _, err = run(monkeypatch, capsys, *words, *target, "--html", str(path), "-m", str(folder), "--offline")
    assert (code, err) == (0, f"unembed: wrote {path}\n")
    with visiting(browser, path.as_uri()) as visit:
        visit.page.goto(visit.address)
        for place, shown in enumerate(COMPUTED[command]):
            view, panel = shown.split(" ", 1)
            visit.shows(view) if place == 0 else visit.see(view)
            expect(visit.page.locator(panel).first).to_be_visible()
            name = panel.split()[0]
            expect(visit.page.locator(name).get_by_text(re.compile("^Not kept in this report"))).to_have_count(0)
        if command[0] == "patch":
            expect(visit.page.locator(".panel-carried")).to_contain_text("made without its tests")
            expect(visit.page.locator(".panel-words .key")).to_contain_text("made without its tests")
