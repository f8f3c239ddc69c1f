"""Why: numbers are the library's, nouns of the sentence lead to their proof, and every kind of prompt is shown."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import unembed
from browser.visits import Visit, number, serving, settled, visiting
from builders.masked_models import masked_by, word_pieces
from builders.random_models import build
from builders.source_folders import SOURCE
from builders.words import make_tokenizer
from unembed.view.glyphs import percent, signed, told, visible
from unembed.view.payloads import payload_of, to_json
from unembed.view.payloads.sentence import plain, sentence_of

pytestmark = pytest.mark.browser
PROMPT, OTHER = "Bambo lives in", "The house of Bambo is in"


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    """The toy that learned where some live."""
    return unembed.load("toy/facts")


@pytest.fixture(scope="module")
def server(model: unembed.Model) -> Iterator[str]:
    with serving(model) as address:
        yield address


def explained(model: unembed.Model, prompt: str, *args, **words) -> dict:
    return to_json(payload_of(unembed.explain(model, prompt, *args, **{"top": 10} | words)))


def effect_of(zeroed: dict) -> dict:
    return zeroed["difference"] or zeroed["effect"]


def carriers(found: dict) -> list[dict]:
    """The tested heads and neurons, by the size of what switching each off does."""
    parts = [part | {"name": f"L{part['layer']}.H{part['head']}"} for part in found["heads"]]
    parts += [part | {"name": f"L{part['layer']}.N{part['neuron']}"} for part in found["neurons"]]
    return sorted((p for p in parts if p["zeroed"]), key=lambda p: -abs(effect_of(p["zeroed"])["nats"]))


def said(page: Page, found: dict) -> None:
    """Waits for the whole sentence, and holds that it is the library's."""
    expect(page.locator(".panel-sentence .sentence")).to_have_text("".join(s["text"] for s in found["sentence"]))


def numbers_of_words(page: Page) -> list[str]:
    return page.locator(".panel-words .word small:not(.uncounted)").all_inner_texts()


def test_the_numbers_are_the_library_s(visit: Visit, model: unembed.Model) -> None:
    page, found = visit.open(a=OTHER), explained(model, OTHER)
    said(page, found)
    before = found["target"]["probability"]
    units = found["words"]["units"]
    shown = numbers_of_words(page)
    assert len(shown) == len(units) == 6
    for text, unit in zip(shown, units, strict=True):
        if unit["mark"] == "last":
            assert text == "asked here"
            continue
        assert text.split()[-1] == told(before, unit["probability_without"])[1]
        sign = "↓" if unit["effect"] > 0 else "↑"
        assert text.startswith(sign) == (abs(unit["effect"]) >= 0.1)
    others = [token for token in found["predictions"] if token["id"] != found["target"]["id"]][:5]
    shown = [f"{visible(token['text'].strip())} {percent(token['probability'])}" for token in others]
    assert page.locator(".alternative").all_inner_texts() == shown

    page.locator(".panel-carried").get_by_role("button", name="All ").first.press("Enter")
    rows, parts = page.locator(".panel-carried tbody tr"), carriers(found)
    expect(rows).to_have_count(len(parts))
    for row, part in zip(rows.all(), parts, strict=True):
        expect(row.locator("button.part")).to_have_text(part["name"])
        credit, change = row.locator("td.number").all_inner_texts()
        assert number(credit) == pytest.approx(part["value"], abs=0.005)
        assert change == " → ".join(told(before, part["zeroed"]["probability"]))
        assert percent(found["target"]["probability"]) in page.locator(".mark-before").inner_text()
    assert signed(found["ledger"]["value"]) in page.locator(".panel-carried").inner_text()


def test_every_noun_of_the_sentence_leads_to_its_proof(visit: Visit, model: unembed.Model) -> None:
    """A word to its line below the prompt, a part to its inspector and its test: each with the sentence's number."""
    page, found = visit.open(a=OTHER), explained(model, OTHER)
    said(page, found)
    text = plain(sentence_of(unembed.explain(model, OTHER)))
    words = page.locator(".panel-sentence button.noun")
    assert words.count() > 0
    for word in words.all():
        name = word.inner_text().strip('"')
        word.click()
        unit = next(unit for unit in found["words"]["units"] if unit["text"].strip() == name)
        visit.expect_state(word=unit["positions"][0])
        line = page.locator(".panel-words .without")
        expect(line).to_contain_text(f"Without {name} alone")
        change = line.locator("strong").inner_text()
        assert change.endswith(" → ".join(told(found["target"]["probability"], unit["probability_without"])))
        assert f'"{name}"' in text
        assert f" to {change.split()[-1]}" in text
        expect(page.locator(".panel-words .word[aria-pressed=true]")).to_contain_text(name)
    parts = page.locator(".panel-sentence button.part")
    assert parts.count() > 0
    for name in parts.all_inner_texts():
        parts.filter(has_text=name).first.click()
        inspector = page.locator(".panel-inspector")
        expect(inspector).to_contain_text(f"Inspector: {name}")
        inspector.get_by_role("button", name="zero", exact=True).click()
        expect(inspector.locator(".big")).to_contain_text("→")
        before, after = (side.split()[-1] for side in inspector.locator(".big").inner_text().split("→"))
        assert f"from {before} to {after}" in text
    page.locator(".panel-words .said").click()
    visit.shows("parts")


def test_another_token_is_chosen_and_compared_with(visit: Visit, model: unembed.Model) -> None:
    page = visit.open(a=PROMPT)
    said(page, explained(model, PROMPT))
    second = explained(model, PROMPT, test=False)["predictions"][1]["text"]
    page.locator(".alternative").first.click()
    expect(page.locator(".panel-words .said")).to_contain_text(visible(second.strip()))
    visit.expect_state(target=second)
    said(page, explained(model, PROMPT, second))
    against = page.get_by_label("Compare with")
    against.select_option(index=1)
    versus = against.input_value()
    visit.expect_state(vs=versus)
    found = explained(model, PROMPT, second, versus=versus)
    said(page, found)
    lefts = [unit["difference_without"] for unit in found["words"]["units"] if unit["mark"] != "last"]
    assert [text.split()[-1] for text in numbers_of_words(page)[: len(lefts)]] == [signed(left) for left in lefts]
    expect(page.locator(".panel-words .key")).to_contain_text(f"the lead of {second.strip()}, in logits")
    expect(page.locator(".panel-carried thead")).to_contain_text(f"lead of {second.strip()} without it")
    row, strongest = page.locator(".panel-carried tbody tr").first, carriers(found)[0]
    expect(row.locator("button.part")).to_have_text(strongest["name"])
    before, after = (number(text) for text in row.locator("td.number").last.inner_text().split(" → "))
    assert before == pytest.approx(found["ledger"]["value"], abs=0.005)
    assert after - before == pytest.approx(effect_of(strongest["zeroed"])["nats"], abs=0.0101)
    against.select_option(index=0)
    visit.expect_state(vs=None)


def test_the_word_that_is_told_of_is_asked_about_in_its_turn(visit: Visit) -> None:
    page = visit.open(a=OTHER)
    settled(page)
    page.locator(".panel-words .word", has_text="house").click()
    page.locator(".panel-words").get_by_role("button", name="What follows house?").click()
    visit.expect_state(position=1, word=None, target=None)
    expect(page.locator(".panel-words .word.last")).to_contain_text("house")


UNSURE = ("to go back to", "The town of Bambo is", "the")
"""No single word carries it, and the first weighs most; many words do; one word alone."""


@pytest.mark.parametrize("prompt", UNSURE)
def test_an_unsure_model_is_told_of(visit: Visit, model: unembed.Model, prompt: str) -> None:
    page, found = visit.open(a=prompt), explained(model, prompt)
    said(page, found)
    settled(page)
    units = (found["words"] or {"units": []})["units"]
    marks = [unit["mark"] for unit in units]
    resting = [unit["text"] for unit in units if unit["mark"] == "first" and not unit["counted"]]
    expect(page.locator(".panel-words .word.rests")).to_have_count(len(resting))
    expect(page.locator(".panel-words .word .uncounted")).to_have_text(["not counted"] * len(resting))
    expect(page.locator(".panel-words .word.last")).to_have_count(marks.count("last"))
    expect(page.locator(".panel-words .key .dashed")).to_have_count(len(resting))
    if not marks:
        expect(page.locator(".panel-words .key")).to_have_text("No word can be taken away here.")
    assert page.get_by_role("alert").count() == 0


LONG = " ".join(["The " + "capital of France is new " * 4 + "a Paris."] * 25 + ["Rome is"])
"""602 tokens in 26 sentences."""


def masked() -> unembed.Model:
    return masked_by(word_pieces())


def long() -> unembed.Model:
    return unembed.wrap(build("llama", layers=2, context=1024), make_tokenizer(), name="tiny")


@pytest.mark.parametrize(
    ("make", "prompt", "by", "units"),
    [(masked, "the capital of france is [MASK] .", "word", 6), (long, LONG, "sentence", 26)],
    ids=["masked", "long"],
)
def test_other_models_and_lengths_are_shown(browser: Browser, make, prompt: str, by: str, units: int) -> None:
    model = make()
    found = explained(model, prompt)
    assert (found["words"]["by"], len(found["words"]["units"])) == (by, units)
    with serving(model) as address, visiting(browser, address) as visit:
        page = visit.open(a=prompt)
        said(page, found)
        settled(page)
        expect(page.locator(".panel-words .word")).to_have_count(units)
        expect(page.locator(".panel-words .key")).to_contain_text(f"Under each {by}:")
        assert page.get_by_role("alert").count() == 0
        for width in (390, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_encoder_decoder_shows_the_words_of_its_source(browser: Browser, translator) -> None:
    model = unembed.load(str(translator))
    with serving(model, {"source": SOURCE}) as address, visiting(browser, address) as visit:
        page = visit.page
        page.goto(address)
        visit.shows("why")
        settled(page)
        words = page.locator(".panel-words .word-text")
        assert words.all_inner_texts() == SOURCE.split()
        page.locator(".panel-words .word").nth(1).click()
        expect(page.locator(".panel-words .without")).to_contain_text("Without house alone")
        assert page.locator(".panel-carried tbody tr").count() > 0
        assert page.get_by_role("alert").count() == 0
        assert visit.state()["word"] == 1
