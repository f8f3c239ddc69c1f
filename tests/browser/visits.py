"""Visits to the page: its server on a thread, and a page that keeps what it asks for."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

import unembed

AXE = Path(__file__).parents[2] / "explorer" / "node_modules" / "axe-core" / "axe.min.js"
SHOWN_PRECISION = 0.005
"""Half of the last digit that the page shows of a logit."""
READY = {
    "why": ".panel-words .said",
    "parts": ".ledger tfoot",
    "graph": ".panel-flow",
    "tests": ".panel-pins",
    "compare": ".panel-compare",
    "facts": ".panel-knowledge",
    "continue": ".panel-generation",
}
"""What each view shows once there is an explanation."""
PATIENCE = 60_000
"""Milliseconds until what is waited for counts as missing: machines that run tests are busy."""


@dataclass
class Visit:
    """A page, and all that it asked for or complained of."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    def open(self, **state) -> Page:
        """Opens a state by its link, and waits for what its view shows."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{quote(json.dumps(state), safe='')}")
        if state.get("a"):
            self.shows(state.get("view", "why"))
        return self.page

    def see(self, view: str) -> Page:
        """Goes to another view by its name above."""
        self.page.get_by_role("navigation", name="Views").locator("a").nth(list(READY).index(view)).click()
        return self.shows(view)

    def shows(self, view: str) -> Page:
        """Waits for what a view shows."""
        expect(self.page.locator(f".view-{view} {READY[view]}")).to_be_visible()
        if view == "parts":
            expect(self.page.locator(".ledger tfoot")).to_contain_text("= model")
        return self.page

    def options(self) -> Page:
        """Opens the fields of the target and its reference."""
        summary = self.page.get_by_text("Another token or reference")
        if summary.locator("..").get_attribute("open") is None:
            summary.press("Enter")
        return self.page

    def state(self) -> dict:
        """The state in the URL."""
        return json.loads(unquote(self.page.evaluate("location.hash").removeprefix("#")) or "{}")

    def expect_state(self, **fields) -> None:
        """Waits until the state in the URL has these fields; None stands for one that it has not."""
        until(self.page, lambda: {name: self.state().get(name) for name in fields} == fields, f"the state {fields}")


@contextlib.contextmanager
def serving(model: unembed.Model, start: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server of this model, on a thread of this process; `start` is of the page's state."""
    import uvicorn

    from unembed.explorer.http import app

    running = uvicorn.Server(uvicorn.Config(app(model, start), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        running.should_exit = True
        thread.join(20)


@contextlib.contextmanager
def visiting(browser: Browser, address: str, **options) -> Iterator[Visit]:
    """A visit in a context of its own, which may reach this server only and complains of nothing."""
    context = patient(browser.new_context(**({"viewport": {"width": 1400, "height": 900}} | options)))
    visited = Visit(context.new_page(), address)
    try:
        yield visited
    finally:
        context.close()
    assert not visited.complaints
    outside = [url for url in visited.requests if not url.startswith((address, "about:", "blob:", "data:"))]
    assert not outside, "The page may reach its own host only."


def patient(context: BrowserContext) -> BrowserContext:
    """The context, with `PATIENCE`."""
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Waits until something holds that no locator can tell."""
    for _ in range(PATIENCE // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"Waited in vain for {what}.")


def settled(page: Page) -> None:
    """Waits until nothing is being asked, seen a few times in a row: one answer may lead to the next ask."""
    quiet = 0

    def holds() -> bool:
        nonlocal quiet
        quiet = 0 if page.locator("progress, .waiting, .stale").count() else quiet + 1
        return quiet > 5

    until(page, holds, "a page that asks nothing")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def values(rows: Locator) -> list[float]:
    """The shown logits of rows of the ledger."""
    return [number(text) for text in rows.locator("td.number").all_inner_texts()]


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds by these of its rules; by all, where none is named."""
    page.evaluate(AXE.read_text())
    how = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("how => axe.run(document, how)", how)["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
