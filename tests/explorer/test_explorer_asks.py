"""What a click on the page costs, told by counting and not by a clock: forward runs, asks, and nodes of the page.

How long clicks take is measured by benchmarks/bench_explorer.py.
"""

import threading
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from playwright.sync_api import Browser, Page, expect

import unembed
from browser.visits import Visit, serving, settled, visiting
from builders.random_models import build
from builders.words import WORDS, make_tokenizer
from unembed.explorer import asks
from unembed.explorer.report_asks import kept
from unembed.explorer.session import WHOLE, Session
from unembed.methods.circuits.attention_score import score_scale
from unembed.progress import silent
from unembed.view.glyphs import signed
from unembed.view.html.report import report_html
from unembed.view.payloads.common import model_facts

pytestmark = [pytest.mark.real, pytest.mark.browser]
PROMPT = "The capital of France is"
SIXTEEN = "The Eiffel Tower, which millions of people visit each year, stands in the"
HEAD = {"kind": "head", "layer": 23, "head": 4}
MOST_NODES = 6_000
"""Elements of a page with a prompt of any length: 128 tokens, some tables of tens of rows, and one canvas a grid."""


@pytest.fixture
def forwards(real_model: unembed.Model) -> Iterator[list[int]]:
    """Token counts of the forward runs since the test began; what starts from a kept run embeds nothing."""
    score_scale(real_model, 0)  # read from a run of two tokens, once a model: whichever test comes first
    runs: list[int] = []
    hook = real_model.embed.register_forward_hook(lambda _, args, __: runs.append(args[0].shape[-1]))
    yield runs
    hook.remove()


def test_a_click_on_a_prompt_that_was_run_needs_no_new_run(visit: Visit, forwards: list[int]) -> None:
    page = visit.open(view="parts", a=PROMPT)
    settled(page)
    before = list(forwards)
    # One run, for the explanation, its tests, the lens and the patterns. Its words that close up are embedded anew; and
    # what a first word costs is compared with texts of twelve tokens, which are run, and embedded without theirs.
    assert before == [5, 5, 12, 12]
    page.locator("tr.level-1", has_text="L23 attn").click()
    page.locator("tr.level-2", has_text="L23.H4").click()
    visit.expect_state(selection=HEAD)
    expect(page.locator("tr.sum.level-3")).to_contain_text("= the row above ✓")
    expect(page.locator(".panel-inspector")).to_contain_text("writes toward")
    expect(page.locator(".panel-strip")).to_contain_text("through L23.H4")
    page.locator("body").press("t")
    expect(page.locator(".panel-inspector .big")).to_contain_text("→")
    visit.options().get_by_label("Reference").select_option("raw")
    expect(page.locator(".panel-ledger")).to_contain_text("its raw logit")
    visit.see("compare")
    page.locator(".predictions button").nth(1).click()
    expect(page.locator(".panel-prediction .note")).to_contain_text("rank 2")
    visit.see("why")
    visit.see("parts")
    settled(page)
    assert forwards == before, "not even for what its words are worth to another token"
    page.locator(".token").nth(3).click()
    expect(page.locator(".panel-strip .token[aria-pressed=true]")).to_contain_text("·France")
    settled(page)
    # Tests at a token further back, its words, and no more than those, start from a run that ends there.
    assert set(forwards[len(before) :]) <= {4, 12}


def test_what_was_answered_is_not_asked_again_and_a_hover_asks_nothing(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT, selection=HEAD)
    settled(page)
    asked: list[dict] = []
    page.on("request", lambda request: asked.append(request.post_data_json) if request.method == "POST" else None)
    for part in page.locator(".panel-carried button.part").all()[:4]:
        part.hover()
    page.locator("tr.level-1", has_text="L23 attn").hover()
    expect(page.locator("tr.hovered")).to_have_count(1)
    page.locator(".panel-inspector h2").hover()
    settled(page)
    assert not asked
    buttons = page.locator(".panel-carried button.part")
    other = buttons.filter(has_not_text="L23.H4").first
    other.click()
    expect(other).to_have_attribute("aria-pressed", "true")
    settled(page)
    asked.clear()
    buttons.filter(has_text="L23.H4").click()
    visit.expect_state(selection=HEAD)
    expect(page.locator(".panel-inspector")).to_contain_text("writes toward")
    settled(page)
    assert not asked, "the page kept the answers"


def test_prediction_ledger_and_parts_show_before_the_tests_have_finished(
    visit: Visit, real_model: unembed.Model, monkeypatch
) -> None:
    held, release = threading.Event(), threading.Event()
    explain = asks.ASKS["explain"]

    def holding(session, ask, progress):
        if ask.test:
            held.set()
            assert release.wait(120)
        return explain(session, ask, progress)

    monkeypatch.setitem(asks.ASKS, "explain", holding)
    try:
        page = visit.open(a=SIXTEEN, view="parts")
        expect(page.locator(".panel-strip .token")).to_have_count(16)
        expect(page.locator(".ledger tfoot")).to_contain_text("= model ✓")
        assert held.wait(60)
        expect(page.locator(".outcome")).to_have_count(0)
        expect(page.locator(".panel-carried progress")).to_be_visible()
        listed = unembed.explain(real_model, SIXTEEN, test=False, top=10)
        credits = sorted((note.term.value for note in (*listed.heads, *listed.neurons)), key=lambda value: -abs(value))
        rows = page.locator(".panel-carried tbody tr")
        expect(rows.locator("td.number").first).to_have_text(signed(credits[0]))
        assert rows.locator("td.number:first-of-type").all_inner_texts() == [signed(value) for value in credits[:6]]
        assert rows.locator("td.number").all_inner_texts()[1::2] == ["…"] * 6
        visit.see("continue")
        expect(page.locator(".predictions tbody tr")).to_have_count(10)
        visit.see("why")
        expect(page.locator(".panel-sentence")).to_contain_text("Now each word is taken away")
        expect(page.locator(".panel-carried progress")).to_be_visible()
        expect(page.locator(".panel-carried")).to_contain_text("✓")
    finally:
        release.set()
    expect(page.locator(".panel-carried tbody .part").first).to_be_visible()
    visit.see("parts")
    expect(page.locator(".panel-carried tbody td.number").last).to_contain_text("→")


@pytest.mark.parametrize("length", [WHOLE, 1024])
def test_a_long_prompt_is_windowed(browser: Browser, length: int) -> None:
    """Of a small random model: the page has as much to draw, and the test little to compute."""
    model = unembed.wrap(build("llama", layers=6, context=1024), make_tokenizer(), name="tiny")
    with serving(model) as address, visiting(browser, address) as visit:
        page = visit.open(view="continue", a=" ".join(WORDS[2 + place % 8] for place in range(length)))
        expect(page.locator(".panel-prediction")).to_contain_text(f"After {length - 1} ")
        visit.see("why")
        few_nodes(page)
        visit.see("parts")
        expect(page.locator(".panel-strip .token")).to_have_count(WHOLE)
        for panel in ("lens", "attention"):
            expect(page.locator(f".panel-{panel} canvas, .panel-{panel} .strips").first).to_be_visible()
        settled(page)
        few_nodes(page)
        if length > WHOLE:
            expect(page.locator(".panel-strip .window")).to_contain_text(f"{length - WHOLE}–{length - 1} of {length}")
            expect(page.locator(".panel-lens .window")).to_contain_text(f"{length - WHOLE}–{length - 1} of {length}")
            page.get_by_role("button", name="Earlier tokens").first.click()
            expect(page.locator(".panel-strip .token .index").first).to_have_text(f"{length - 2 * WHOLE}")
            few_nodes(page)
            find_in(page, length)
        # A preview moves nothing, so that a click meets what the pointer is over; and it is answered.
        row = page.locator("tr.level-1", has_text="attn").first
        row.scroll_into_view_if_needed()
        place = row.bounding_box()
        row.hover()
        expect(page.locator(".panel-strip")).to_contain_text("through L")
        assert row.bounding_box() == place
        row.click()
        expect(page.locator("tr.sum.level-2")).to_contain_text("= the row above ✓")
        few_nodes(page)


def find_in(page: Page, length: int) -> None:
    """Text is found wherever it stands, also where no window shows it."""
    find = page.get_by_label("Find in the prompt")
    find.fill(WORDS[2])
    expect(page.locator(".panel-strip output")).to_contain_text(f"1 of {length // 8}")
    expect(page.locator(".token.found .token-text")).to_contain_text(WORDS[2])
    find.press("Shift+Enter")
    expect(page.locator(".panel-strip output")).to_contain_text(f"{length // 8} of {length // 8}")
    expect(page.locator(".token.found .index")).to_have_text(f"{length - 8}")
    find.fill("Berlin")
    expect(page.locator(".panel-strip output")).to_have_text("is not there")
    expect(page.locator(".token.found")).to_have_count(0)
    find.fill("")
    expect(page.locator(".panel-strip output")).to_have_text("")


@pytest.mark.parametrize(
    "place", [None, WHOLE, *[pytest.param(n, marks=pytest.mark.slow) for n in (WHOLE - 1, 2 * WHOLE)]]
)
def test_a_report_of_a_long_prompt_shows_its_lens(browser: Browser, tmp_path, place: int | None) -> None:
    """At the window that the page opens with, wherever the explained position is."""
    model = unembed.wrap(build("llama", layers=2, context=512), make_tokenizer(), name="tiny")
    prompt = " ".join(WORDS[2 + place % 8] for place in range(3 * WHOLE))
    state = {"view": "parts", "a": prompt, **({} if place is None else {"position": place})}
    path = tmp_path / "report.html"
    path.write_text(report_html(asdict(model_facts(model)), state, kept(Session(model), state, silent, details=False)))
    with visiting(browser, path.as_uri()) as visit:
        visit.page.goto(visit.address)
        expect(visit.page.locator(".panel-lens canvas")).to_be_visible()


def few_nodes(page: Page) -> None:
    assert page.evaluate("document.querySelectorAll('.unembed *').length") < MOST_NODES
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
