"""The explorer in a browser (Debian's chromium), against the real model and the real server.

Shown numbers are read from the page and held against each other and against the library. The page may reach nothing
but its own host; axe-core finds what people who see or hear differently could not use.
"""

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

import unembed
from browser.visits import READY, SHOWN_PRECISION, Visit, number, settled, values

pytestmark = [pytest.mark.real, pytest.mark.browser]
PROMPT, PROMPT_B = "The capital of France is", "The capital of Germany is"
HEAD = {"kind": "head", "layer": 23, "head": 4}


def test_a_typed_prompt_shows_prediction_and_ledger(visit: Visit, real_model: unembed.Model) -> None:
    page = visit.open()
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-words .said")).to_contain_text("Paris")
    visit.see("compare")
    expect(page.locator(".predictions tbody tr").first).to_contain_text("·Paris")
    result = unembed.explain(real_model, PROMPT, test=False)
    shown = page.locator(".predictions tbody tr").first.locator(".number").inner_text()
    assert float(shown.rstrip("%")) == pytest.approx(100 * result.target.probability, abs=0.05)
    visit.see("parts")
    expect(page.locator(".ledger tfoot")).to_contain_text("= model ✓")
    largest = max(result.ledger.terms(), key=lambda term: abs(term.value))
    assert values(page.locator(".ledger tr.level-1"))[0] == pytest.approx(largest.value, abs=SHOWN_PRECISION)
    # What is shown, the others included, is the total.
    total = number(page.locator(".ledger tfoot .number").inner_text())
    rows = values(page.locator(".ledger tr.level-1"))
    assert sum(rows) == pytest.approx(total, abs=SHOWN_PRECISION * (len(rows) + 1))


def test_a_row_opens_to_heads_and_sources_that_sum_to_it(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT)
    row = page.locator("tr.level-1", has_text="L23 attn")
    row.click()
    expect(page.locator("tr.sum.level-2")).to_contain_text("= the row above ✓")
    parent = number(row.locator("td.number").inner_text())
    heads = values(page.locator(".ledger tr.level-2:not(.sum)"))
    assert len(heads) == 9, "all heads, so there are no others"
    assert sum(heads) == pytest.approx(parent, abs=SHOWN_PRECISION * (len(heads) + 1))

    page.locator("tr.level-2", has_text="L23.H4").click()
    expect(page.locator("tr.sum.level-3")).to_contain_text("= the row above ✓")
    expect(page.locator("tr.level-3").first).to_contain_text("from 3 ·France")
    sources = values(page.locator(".ledger tr.level-3:not(.sum)"))
    head = number(page.locator("tr.level-2", has_text="L23.H4").locator("td.number").inner_text())
    assert sum(sources) == pytest.approx(head, abs=SHOWN_PRECISION * (len(sources) + 1))
    visit.expect_state(selection=HEAD)


def test_an_mlp_opens_to_neurons_and_names_the_others(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT)
    page.locator("tr.level-1", has_text="L24 mlp").click()
    expect(page.locator("tr.sum.level-2")).to_contain_text("= the row above ✓")
    expect(page.locator("tr.level-2").first).to_contain_text("L24.N1005")
    expect(page.locator("tr.others.level-2")).to_contain_text("others (net)")


def test_t_tests_the_selection_and_a_reload_shows_the_same(visit: Visit) -> None:
    page = visit.open(a=PROMPT, selection=HEAD)
    expect(page.locator(".panel-inspector")).to_contain_text("writes toward")
    page.locator("body").press("t")
    result = page.locator(".panel-inspector .big")
    expect(result).to_contain_text("→")
    shown = result.inner_text()
    before, after = (float(part.split()[-1].replace("%", "")) for part in shown.split("→"))
    assert before == pytest.approx(77.3, abs=0.1)
    assert after < 20, "L23.H4 is causal"
    expect(page.locator(".panel-inspector")).to_contain_text("Control:")
    page.locator("body").press("p")
    expect(page.get_by_role("navigation", name="Views")).to_contain_text("Tests 1")
    visit.see("tests")
    expect(page.locator(".pins li")).to_have_count(1)
    kept = visit.state()
    pins = [{"part": HEAD, "how": "zero"}]
    assert kept == {"view": "tests", "a": PROMPT, "selection": HEAD, "test": "zero", "pins": pins}
    page.reload()
    expect(page.locator(".panel-inspector .big")).to_have_text(shown)
    expect(page.locator(".pins li")).to_contain_text("L23.H4")
    assert visit.state() == kept


def test_everything_can_be_reached_by_keyboard(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT)
    page.locator("body").press("/")
    page.keyboard.type("L23.H4")
    page.keyboard.press("Enter")
    visit.expect_state(selection=HEAD)
    expect(page.locator(".panel-inspector")).to_contain_text("writes toward")
    page.locator("tr.level-1").first.focus()
    page.keyboard.press("Escape")
    visit.expect_state(selection=None)
    page.keyboard.press("ArrowRight")
    expect(page.locator("tr.level-2").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    visit.expect_state(selection=HEAD)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator(".token").nth(4).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    visit.expect_state(position=3)


def test_a_whole_session_by_keyboard(visit: Visit) -> None:
    page = visit.open()
    page.get_by_label("Prompt", exact=True).focus()
    page.keyboard.type(PROMPT)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-words .said")).to_contain_text("Paris")
    page.locator(".alternative").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel-words .said")).not_to_contain_text("Paris")
    go_by_keyboard(page, "Compare")
    expect(page.locator(".panel-prediction .note")).to_contain_text("rank 2")
    page.get_by_text("Another token or reference").focus()
    expect(page.get_by_label("Reference")).to_be_visible()
    page.get_by_label("Reference").focus()
    page.keyboard.press("ArrowDown")
    visit.expect_state(reference="raw")
    go_by_keyboard(page, "Parts")
    settled(page)
    page.locator(".panel-lens canvas").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".panel-lens .told")).to_contain_text("at 3 ·France")
    page.keyboard.press("Enter")
    expect(page.locator(".panel-strip .token[aria-pressed=true]")).to_contain_text("·France")
    page.locator(".panel-lens .twin summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel-lens .twin tbody tr").first).to_be_visible()
    page.locator(".panel-carried button.part").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panel-inspector")).to_contain_text("writes toward")
    page.keyboard.press("p")
    go_by_keyboard(page, "Tests")
    expect(page.locator(".pins li")).to_have_count(1)
    go_by_keyboard(page, "Compare")
    expect(page.locator(".panel-prediction")).to_contain_text("After 3 ·France")
    page.get_by_role("button", name="A | B").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Prompt B").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(PROMPT_B)
    page.keyboard.press("Enter")
    expect(page.locator(".differences tbody tr").first).to_be_visible()


def go_by_keyboard(page: Page, view: str) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("link", name=view).focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [360, 3840])
def test_a_narrow_and_a_wide_page_answer_a_click(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    page = visit.open(view="parts", a=PROMPT)
    settled(page)
    page.locator("tr.level-1", has_text="L23 attn").click()
    expect(page.locator("tr.sum.level-2")).to_contain_text("= the row above ✓")
    expect(page.locator(".panel-strip")).to_contain_text("through L23 attn")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_selected_head_colours_its_sources(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT, selection=HEAD)
    expect(page.locator(".token", has_text="·France")).to_contain_text("+2.8")
    expect(page.locator(".panel-strip")).to_contain_text("through L23.H4")


def test_a_pattern_is_weighed_by_what_is_written(visit: Visit, real_model: unembed.Model) -> None:
    page = visit.open(view="parts", a=PROMPT, selection=HEAD)
    panel = page.locator(".panel-attention")
    panel.get_by_role("button", name="value-weighted, at every position").press("Enter")
    expect(panel.get_by_label("Norm of what L23.H4 writes, query by key")).to_be_visible()
    panel.locator(".twin summary", has_text="pattern of L23.H4").press("Enter")
    cells = panel.locator(".twin tbody tr", has_text="4 ·is").filter(has_text="3 ·France").locator("td")
    expect(cells).to_have_count(4)
    own = unembed.attention(real_model, PROMPT, layer=23, head=4)
    expected = float(own.matrix[4, 3]), float(own.matrix[4, 3] * own.norms[3])
    assert [float(cell) for cell in cells.all_inner_texts()[2:]] == pytest.approx(expected, abs=0.0006)


def test_two_prompts_are_compared(visit: Visit) -> None:
    page = visit.open(view="compare", a=PROMPT, b=PROMPT_B)
    rows = page.locator(".differences tbody tr")
    expect(rows.first).to_be_visible()
    expect(page.locator(".columns .hidden", has_text="differs")).to_have_count(1)
    for row in rows.all()[:5]:
        a, b, difference = (number(text) for text in row.locator("td.number").all_inner_texts())
        assert a - b == pytest.approx(difference, abs=3 * SHOWN_PRECISION)
    expect(page.locator(".panel-compare canvas")).to_be_visible()
    page.locator(".panel-compare .twin summary").press("Enter")
    layers_by_positions = page.locator(".panel-compare .twin tbody tr")
    expect(layers_by_positions).to_have_count(30 * 5)
    cells = layers_by_positions.all_inner_texts()
    assert any(cell.startswith("L0\t3 ·France") and cell.endswith("+1.00") for cell in cells)


def test_what_does_not_align_is_marked(visit: Visit) -> None:
    page = visit.open(view="compare", a=PROMPT, b="The old capital of France is")
    expect(page.locator(".columns td.alone")).to_have_count(3)
    expect(page.locator(".differences")).to_be_visible()


def test_flow_knowledge_and_generation(visit: Visit) -> None:
    page = visit.open(view="graph", a=PROMPT)
    expect(page.locator(".flow .spot").first).to_be_visible()
    assert page.locator(".flow .spot").count() <= 60
    expect(page.locator(".panel-flow")).to_contain_text("other paths, constants and unopened heads (net)")
    visit.see("facts")
    expect(page.locator(".panel-knowledge tbody tr").first).to_be_visible()
    visit.see("continue")
    page.get_by_role("button", name="Continue by").press("Enter")
    page.locator(".panel-generation .token").nth(1).click()
    visit.shows("why")
    expect(page.locator(".panel-words .word.last")).to_contain_text("Paris")
    visit.expect_state(target=".", position=5)
    visit.see("continue")
    expect(page.locator(".panel-prediction")).to_contain_text("After 5 ·Paris")


def test_strange_tokens_are_shown_and_never_run(visit: Visit) -> None:
    page = visit.open(view="parts", a="</script><img src=x onerror=alert(1)> \u202eabc\u200b\u0007 שלום\n\tis")
    shown = "".join(page.locator(".strip .token-text").all_inner_texts())
    assert "</script" in shown
    assert "\\u0007" in shown
    # The tokenizer cuts these into bytes, which are no characters alone: each is named by its part of one.
    assert "\\u202e 1/2\\u202e 2/2" in shown
    assert "\ufffd" not in shown
    assert not {"\u202e", "\u200b", "\u0007"} & set(shown)
    assert page.locator(".unembed img").count() == 0


@pytest.mark.slow
def test_a_long_prompt_is_windowed(visit: Visit) -> None:
    page = visit.open(view="parts", a="word " * 150)
    expect(page.locator(".panel-lens canvas")).to_be_visible()
    expect(page.locator(".panel-strip .token")).to_have_count(128)
    # The window follows the explained position, which is the last of 151.
    expect(page.locator(".panel-strip .token").first).to_contain_text("23")
    page.get_by_role("button", name="Earlier tokens").first.click()
    expect(page.locator(".panel-strip .token").first).to_have_text(re.compile(r"^0"))


def test_an_error_is_told_and_does_not_stay(visit: Visit) -> None:
    page = visit.open(view="parts", a=PROMPT)
    wrong = quote(json.dumps({"view": "parts", "a": PROMPT, "position": 99}), safe="")
    page.evaluate(f"location.hash = '{wrong}'")
    expect(page.get_by_role("alert").first).to_contain_text("99")
    page.get_by_label("Prompt", exact=True).fill(PROMPT_B)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-ledger")).to_contain_text("Why ·Berlin")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_exported_report_reads_from_disk(visit: Visit, browser: Browser, tmp_path) -> None:
    page = visit.open(a=PROMPT, b=PROMPT_B, selection=HEAD, test="zero")
    for view in READY:
        visit.see(view)
        settled(page)
    visit.see("parts")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save report").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    assert report.stat().st_size < 2 * 2**20
    for script in (True, False):
        context = browser.new_context(java_script_enabled=script)
        read = Visit(context.new_page(), report.as_uri())
        read.page.goto(read.address)
        expect(read.page.locator("body")).to_contain_text("Paris")
        if script:
            expect(read.page.locator(".ledger tfoot")).to_contain_text("= model ✓")
            expect(read.page.locator(".panel-inspector .big")).to_contain_text("→")
            for view in READY:
                read.see(view) if view != "continue" else None
                expect(read.page.get_by_text(re.compile("^Not kept in this report"))).to_have_count(0)
        else:
            assert read.page.locator("table").count() > 0
            assert read.page.locator("svg").count() > 0
        assert read.requests == [read.address]
        assert not read.complaints
        context.close()
