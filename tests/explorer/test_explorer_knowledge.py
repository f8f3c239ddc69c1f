"""The Knowledge panel and the inspector in a browser, on the toy that learned facts: fast, and its facts are known."""

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect

import unembed
from browser import visits
from browser.visits import Visit, serving, settled, violations
from unembed.loading.shipped import toy_folder
from unembed.methods.knowledge.facts import read_facts
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria
from unembed.models.hooks import one_at_a_time
from unembed.runs.record import record

pytestmark = pytest.mark.browser
PROMPT = "Bambo lives in"
"""The toy knows that it is Prague."""
LOOKED_FOR = {"prompts": None, "subject": "", "t": 0.1, "set": None, "test": None, "edit": None}
SHOWN = 0.05
"""Half of the last digit of a probability in per cent."""


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.load("toy/facts")


@pytest.fixture(scope="module")
def server(model: unembed.Model) -> Iterator[str]:
    with serving(model) as address:
        yield address


@pytest.fixture(scope="module")
def found(model: unembed.Model):
    relation = read_facts(toy_folder("facts") / "facts.yaml")[0]
    return find(model, relation.of(relation.facts[:4]), criteria=Criteria(t=0.1))


def knowledge(page: Page) -> Locator:
    panel = page.locator(".panel-knowledge")
    panel.wait_for()
    settled(page)
    return panel


def percents(text: str) -> list[float]:
    """The probabilities of `before → after`."""
    return [float(part.split()[-1].replace("%", "")) for part in text.split("→")]


def test_a_known_fact_is_recognised_and_its_neurons_are_found(visit: Visit, found) -> None:
    page = visit.open(view="facts", a=PROMPT)
    panel = knowledge(page)
    expect(panel).to_contain_text("This prompt states a known fact: home of Bambo is Prague")
    panel.get_by_role("button", name="Find its neurons").click()
    expect(panel).to_contain_text("Compared with 3 other facts of home")
    panel.get_by_label("Count neurons above").select_option("0.1")
    settled(page)
    own = panel.locator(".choice", has_text="the fact's own")
    expect(own).to_contain_text(f": {len(found.facts[0].refined)}")
    assert set(own.locator(".part").all_inner_texts()) == {neuron.label for neuron in found.facts[0].refined}
    assert visit.state()["knowledge"] == LOOKED_FOR
    own.locator(".part").first.click()
    visit.see("tests")
    expect(page.locator(".panel-inspector")).to_contain_text("reads")


def test_suppressing_is_what_the_hooked_model_says_and_a_reload_shows_the_same(
    visit: Visit, model: unembed.Model, found
) -> None:
    page = visit.open(view="facts", a=PROMPT, knowledge={**LOOKED_FOR, "set": "kept"})
    panel = knowledge(page)
    before, after = suppressed(model, [(n.layer, n.neuron) for n in found.facts[0].kept])
    panel.get_by_role("button", name="Suppress").click()
    expect(panel.locator(".big")).to_contain_text("→")
    shown = panel.locator(".big").inner_text()
    assert percents(shown) == pytest.approx([100 * before, 100 * after], abs=SHOWN)
    expect(panel).to_contain_text("20 sets of as many random neurons of these layers")
    page.reload()
    expect(knowledge(page).locator(".big")).to_have_text(shown)
    panel.get_by_role("button", name="Amplify").press("Enter")
    expect(panel).to_contain_text("doubled where the answer is predicted")
    assert visit.state()["knowledge"]["test"] == "double"


def suppressed(model: unembed.Model, neurons: list[tuple[int, int]]) -> tuple[float, float]:
    """The probability of Prague without and with some activations of the last token set to 0, by plain hooks."""
    ids = torch.tensor([record(model, PROMPT).tokens])
    token = model.tokenizer.encode(" Prague")[-1]

    def chance() -> float:
        with torch.no_grad():
            return float(model.module(ids).logits[0, -1].double().softmax(-1)[token])

    def zeroing(layer: int):
        def hook(_, args):
            x = args[0].clone()
            x[..., -1, [n for at, n in neurons if at == layer]] = 0
            return (x,)

        return hook

    with one_at_a_time:  # the server may be at work on the same module
        plain = chance()
        hooks = [
            model.blocks[layer].down_projection.register_forward_pre_hook(zeroing(layer))
            for layer, _ in dict(neurons).items()
        ]
        try:
            return plain, chance()
        finally:
            for hook in hooks:
                hook.remove()


def test_an_update_shows_what_is_said_then_and_the_model_stays_as_it_was(visit: Visit, model: unembed.Model) -> None:
    weights = {name: value.clone() for name, value in model.module.state_dict().items()}
    page = visit.open(view="facts", a=PROMPT, knowledge=LOOKED_FOR)
    panel = knowledge(page)
    expect(panel.get_by_role("button", name="Edit and see")).to_be_disabled()
    panel.get_by_label("New answer").fill("Vienna")
    panel.get_by_role("button", name="Edit and see").click()
    said = panel.locator("table", has_text="What the model says first").locator("tbody tr")
    expect(said).to_have_count(8)
    for row in said.all_inner_texts():
        assert "·Prague" in row.split("\t")[1]
        assert "·Vienna" in row.split("\t")[2]
    effects = panel.locator("table", has_text="mean probability")
    expect(effects.get_by_role("row", name="on unseen prompts")).to_contain_text("0 → 4 of 4")
    expect(panel).to_contain_text("The edit is undone")
    panel.get_by_text("Keep this edit in a file").click()
    expect(panel.locator("code").last).to_have_text(
        "unembed knowledge update fact.jsonl --to Vienna --model toy/facts --save edit.safetensors"
    )
    assert all(torch.equal(value, weights[name]) for name, value in model.module.state_dict().items())
    page.reload()
    knowledge(page)
    expect(said).to_have_count(8)
    page.get_by_label("Prompt", exact=True).fill("Banter lives in")
    page.keyboard.press("Enter")
    expect(panel).to_contain_text("home of Banter is Vienna")
    assert "knowledge" not in visit.state()


def test_an_unknown_prompt_is_told_and_a_fact_can_be_chosen(visit: Visit) -> None:
    page = visit.open(view="facts", a="The town of Bambo is", target=" Vienna")
    panel = knowledge(page)
    expect(panel).to_contain_text("None of the 800 known facts is asked for in these words")
    panel.get_by_role("combobox", name="Fact").select_option(label="Banter: Vienna")
    panel.get_by_role("button", name="Take its prompt").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Banter lives in")
    expect(panel).to_contain_text("home of Banter is Vienna")


def test_a_suggested_fact_is_one_click(visit: Visit) -> None:
    page = visit.open(view="facts", a="The town of Bambo is", target=" Prague")
    knowledge(page).get_by_role("button", name="home of Bambo: Prague").click()
    expect(knowledge(page)).to_contain_text("Compared with 3 other facts")
    assert visit.state()["a"] == PROMPT


def test_prompts_of_one_s_own_are_a_fact(visit: Visit) -> None:
    page = visit.open(view="facts", a="The house of Bambo is in", target=" Prague")
    panel = knowledge(page)
    panel.get_by_text("Or write prompts of your own").click()
    panel.get_by_label("More prompts").fill("Bambo lives in\nThe home of Bambo is in\n")
    panel.get_by_label("Subject").fill("Bambo")
    panel.get_by_role("button", name="Find the neurons of this fact").click()
    expect(panel).to_contain_text("Your fact: 3 prompts, answered with ·Prague")
    expect(panel).to_contain_text("No other fact is compared")
    kept = visit.state()["knowledge"]
    assert (kept["prompts"], kept["subject"]) == (["Bambo lives in", "The home of Bambo is in"], "Bambo")
    panel.get_by_role("button", name="Close").click()
    assert "knowledge" not in visit.state()


def test_the_inspector_shows_a_sum_that_is_the_number(visit: Visit) -> None:
    for part in ({"kind": "head", "layer": 2, "head": 1}, {"kind": "neuron", "layer": 1, "neuron": 182}):
        page = visit.open(a=PROMPT, selection=part)
        rows = page.locator(".panel-inspector dl > div", has_text="reads")
        expect(rows.first).to_be_visible()
        for row in rows.all():
            numbers = [number(text) for text in row.locator(".small").all_inner_texts()]
            assert sum(numbers[1:]) == pytest.approx(numbers[0], abs=0.005 * len(numbers))


def number(text: str) -> float:
    """The number of `gate +1.20 =`, or of a chip."""
    return next(visits.number(word) for word in text.split() if word[0] in "+−")


def test_axe_finds_nothing_and_no_width_overflows(visit: Visit) -> None:
    edit = {"action": "update", "to": "Vienna", "method": "rome"}
    page = visit.open(view="facts", a=PROMPT, knowledge={**LOOKED_FOR, "test": "zero", "edit": edit})
    panel = knowledge(page)
    expect(panel).to_contain_text("The edit is undone")
    for details in panel.locator("details").all():
        details.locator("summary").click()
    settled(page)
    for width in (360, 820, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not violations(page)


def test_a_report_shows_what_was_kept_and_has_no_dead_buttons(visit: Visit, browser: Browser, tmp_path) -> None:
    edit = {"action": "update", "to": "Vienna", "method": "rome"}
    for kept in (None, {**LOOKED_FOR, "test": "zero", "edit": edit}):
        page = visit.open(view="facts", a=PROMPT, knowledge=kept)
        if kept:
            expect(knowledge(page)).to_contain_text("The edit is undone")
        settled(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save report").click()
        report = tmp_path / "report.html"
        download.value.save_as(report)
        context = browser.new_context()
        read = context.new_page()
        read.goto(report.as_uri())
        panel = knowledge(read)
        expect(panel).to_contain_text("Vienna" if kept else "were not kept in this report")
        assert panel.get_by_role("button", name="Edit and see").count() == 0
        for name in ("Find its neurons", "Suppress", "Amplify"):
            for button in panel.get_by_role("button", name=name).all():
                expect(button).to_be_disabled()
        context.close()
