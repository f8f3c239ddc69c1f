"""A monkey at the page: whatever is clicked and typed, it stays alive, complains of nothing and shows no wrong number.

What it does follows from a seed. Every few steps it waits until all is answered, and holds what the page shows against
the library's answer to what the address says.
"""

import random
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

import unembed
from browser.visits import READY, Visit, serving, settled, visiting
from unembed.errors import UnembedError
from unembed.view.glyphs import signed
from unembed.view.payloads import payload_of, to_json

pytestmark = pytest.mark.browser
REST = 6
"""Steps between two looks at what is shown."""
KEYS = ("t", "p", "t", "p", "Escape", "/", "?", "Tab", "Enter", "ArrowDown", "ArrowRight", "Shift+Tab")
PARTS = ("L0.H1", "L1.H0", "L1 mlp", "L0", "L1.N5", "L99.H0", "L0.H99", "banana", "enc.L0.H0", "")
TOKENS = ("", " in", "is", "zzqq")
STRANGE = ("lives", "  ", "", "a <b>bold</b> & 'quoted'", "مرحبا بالعالم", "首都は")
PROMPTS = ("Bambo lives in", "The house of Bambo is in", *STRANGE)
LEAVES = ("Save report", "Copy link")
"""Buttons that change nothing on the page."""
LOST = ("Failed to load resource", "net::ERR_FAILED")
"""What the browser itself writes when the server does not answer."""


class Monkey:
    """Does something random to a page."""

    def __init__(self, visit: Visit, seed: int, prompts: tuple[str, ...]) -> None:
        self.visit, self.page, self.draw, self.prompts = visit, visit.page, random.Random(seed), prompts
        self.done: list[str] = []
        self.deeds: list[Callable[[], str]] = [self.click] * 8 + [self.press] * 5 + [self.find, self.write, self.choose]
        self.deeds += [self.back, self.forward, self.lose, self.name_token]

    def step(self) -> None:
        self.done.append(self.draw.choice(self.deeds)())

    def click(self) -> str:
        """Something that can be clicked and is seen."""
        where = "dialog[open]" if self.page.locator("dialog[open]").count() else ".unembed"
        found = self.page.locator(f"{where} :is(button, a, summary, canvas, tr.level-1)").locator("visible=true")
        chosen = found.nth(self.draw.randrange(max(1, found.count())))
        try:
            name = chosen.evaluate("node => node.tagName + ' ' + node.textContent.slice(0, 40)", timeout=1000)
            if not any(leaves in name for leaves in LEAVES):
                chosen.click(timeout=1000, force=True)
        except PlaywrightError:  # it went away while the monkey's hand was on its way
            return "click missed"
        return f"click {name}"

    def press(self) -> str:
        key = self.draw.choice(KEYS)
        self.page.keyboard.press(key)
        return f"press {key}"

    def find(self) -> str:
        name = self.draw.choice(PARTS)
        return self._write("[data-find]", name)

    def write(self) -> str:
        return self._write("header textarea", self.draw.choice(self.prompts))

    def name_token(self) -> str:
        if not self.page.locator(".options[open]").count():
            return "no options"
        return self._write(f".options input >> nth={self.draw.randrange(2)}", self.draw.choice(TOKENS))

    def _write(self, where: str, text: str) -> str:
        field = self.page.locator(where).first
        if self.page.locator("dialog[open]").count() or not field.is_visible():
            return "no field"
        field.fill(text)
        field.press("Enter")
        return f"write {text!r} into {where}"

    def choose(self) -> str:
        found = self.page.locator(".unembed select:enabled").locator("visible=true")
        if not found.count() or self.page.locator("dialog[open]").count():
            return "nothing to choose"
        chosen = found.nth(self.draw.randrange(found.count()))
        options = chosen.locator("option").count()
        place = self.draw.randrange(options)
        chosen.select_option(index=place)
        return f"choose option {place} of {options}"

    def back(self) -> str:
        self.page.evaluate("history.length > 2 && history.back()")
        self.page.wait_for_timeout(50)
        if not self.page.url.startswith(self.visit.address):
            self.page.goto(self.visit.address)
            return "back, out of the page and in again"
        return "back"

    def forward(self) -> str:
        self.page.evaluate("history.forward()")
        return "forward"

    def lose(self) -> str:
        """The server goes, something is done, the server is there again."""
        self.page.route("**/ask", lambda route: route.abort())
        done = self.click()
        self.page.wait_for_timeout(100)
        self.page.unroute("**/ask")
        return f"without a server: {done}"

    def look(self, model: unembed.Model) -> None:
        """Waits until all is answered, and holds what is shown."""
        try:
            self._look(model)
        except BaseException as error:
            raise AssertionError(f"After {self.done}, at {self.visit.state()}: {error}") from error

    def _look(self, model: unembed.Model) -> None:
        page = self.page
        page.keyboard.press("Escape")
        if page.locator("dialog[open]").count():
            page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        again = page.get_by_role("button", name="Try again")
        while again.count():
            again.click()
            page.wait_for_timeout(100)
        settled(page)
        self.visit.complaints[:] = [each for each in self.visit.complaints if not any(lost in each for lost in LOST)]
        assert not self.visit.complaints
        expect(page.locator("header .title")).to_be_visible()
        holds(page, self.visit.state(), model)


def holds(page: Page, state: dict, model: unembed.Model) -> None:
    """The page shows what the library says of the state; where it refuses, the page does, with its message."""
    if not state.get("a"):
        expect(page.locator("main.start").first).to_be_visible()
        return
    view, versus = state.get("view", "why"), state.get("vs")
    options = {"versus": versus, "position": state.get("position")}
    if versus is None and state.get("reference", "mean") != "mean":
        options["reference"] = state["reference"]
    try:
        found = to_json(payload_of(unembed.explain(model, state["a"], state.get("target"), top=10, **options)))
    except UnembedError as error:
        expect(page.locator(".error").first).to_contain_text(str(error).splitlines()[0][:40])
        return
    expect(page.locator(f".view-{view} {READY[view]}").first).to_be_visible()
    if view == "why":
        sentence = "".join(span["text"] for span in found["sentence"])
        expect(page.locator(".panel-sentence .sentence")).to_have_text(sentence)
        expect(page.locator(".panel-carried")).to_contain_text(signed(found["ledger"]["value"]))
    if view == "parts":
        expect(page.locator(".ledger tfoot")).to_contain_text(signed(found["ledger"]["value"]))


def mischief(browser: Browser, model: unembed.Model, *, seed: int, steps: int, prompts: tuple[str, ...]) -> None:
    with serving(model) as address, visiting(browser, address, viewport={"width": 1280, "height": 800}) as visit:
        visit.open(a=prompts[0])
        monkey = Monkey(visit, seed, prompts)
        for step in range(1, steps + 1):
            monkey.step()
            if step % REST == 0:
                monkey.look(model)
        monkey.look(model)


def test_a_monkey_breaks_nothing(browser: Browser) -> None:
    mischief(browser, unembed.load("toy/facts"), seed=1, steps=24, prompts=PROMPTS)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("seed", range(2, 5))
def test_a_monkey_breaks_nothing_of_the_real_model(browser: Browser, real_model: unembed.Model, seed: int) -> None:
    prompts = ("The capital of France is", "The sky is not", *STRANGE)
    mischief(browser, real_model, seed=seed, steps=120, prompts=prompts)
