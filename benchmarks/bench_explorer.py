"""How long a click on the page takes: from the event to the changed document, in a browser on this machine.

The server is the one of `unembed open`, in this process. A `MutationObserver` in the page takes the time at which the
document holds what a click is to show; an animation frame later it is on the screen. The session lets go of its answers
before each click, so that no click is answered from what the server keeps.

While nothing is waited for the page asks ahead what its next clicks would ask. So each click is measured where the page
rested before, and some also where they were not foreseen: a row and its head below those whose opening is, and a token
that an address names. Beside the clicks stands what an ask costs that the server refuses at once: the floor of every
click that asks.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import shared

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

PROMPT = "The capital of France is"
SIXTEEN = "The Eiffel Tower, which millions of people visit each year, stands in the"
LIMIT = 100
"""Milliseconds of a click that needs no new run."""
NOT_FORESEEN = ", not foreseen"
UNLIKELY = " Le"
"""A token that an address names; the page offers it and its likes, but not as this one is asked: with the raw logit."""
FLOOR = "an ask that is refused"

# Milliseconds from an event on the element until a condition holds; the condition is looked at after every change.
CLICK = """([selector, text, event, condition]) => new Promise((resolve, reject) => {
  const all = event === "hash" ? [] : [...document.querySelectorAll(selector)];
  const found = all.filter((each) => each.textContent.includes(text))[0];
  const holds = CONDITIONS[condition];
  const observer = new MutationObserver(() => {
    if (!holds()) return;
    observer.disconnect();
    resolve(performance.now() - start);
  });
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(() => reject(new Error(`never: ${condition}`)), 30000);
  const start = performance.now();
  if (event === "click") found.click();
  else if (event === "hash") location.hash = selector;
  else if (event === "mouseenter") found.dispatchEvent(new MouseEvent(event));
  else { found.value = event; found.dispatchEvent(new Event("change", { bubbles: true })); }
})"""
CONDITIONS = {
    "head": "/L\\d+\\.H\\d/.test(document.querySelector('.panel-inspector h2').textContent) "
    "&& document.querySelector('.panel-inspector dl:not(.stale)')",
    "children": "document.querySelector('tr.sum.level-2')",
    "preview": "document.querySelector('tr.hovered')",
    "another": "!document.querySelector('.panel-words .said').textContent.includes('Paris') "
    "&& !document.querySelector('main.stale')",
    "raw": "document.querySelector('.panel-ledger .note').textContent.includes('its raw logit')",
}
REFUSED = """async () => {
  const start = performance.now();
  const headers = { "content-type": "application/json" };
  await (await fetch("/ask", { method: "POST", headers, body: '{"ask": "nothing"}' })).text();
  return performance.now() - start;
}"""
FLYING: set[Request] = set()
"""What the page asked that is not answered yet."""
TESTED = {"why": ".panel-carried tbody", "parts": ".outcome"}
"""What shows once parts were tested."""


@contextlib.contextmanager
def opened() -> Iterator[tuple[Page, str, Callable[[], None]]]:
    """A page in a browser, the address of a server of the model, and what makes the server forget its answers."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    from unembed.explorer.http import app

    served: Any = app(shared.model())
    forget = served.routes[0].endpoint.__self__.session.answers.clear
    running = uvicorn.Server(uvicorn.Config(served, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(60_000)
        page.on("request", lambda request: FLYING.add(request))
        page.on("requestfinished", lambda request: FLYING.discard(request))
        page.on("requestfailed", lambda request: FLYING.discard(request))
        yield page, f"http://127.0.0.1:{port}/", forget
        browser.close()
    running.should_exit = True
    thread.join(20)


def hash_of(**state: object) -> str:
    """The part of an address that holds a state of the page about the prompt."""
    return "#" + quote(json.dumps({"a": PROMPT, **state}), safe="")


def show(page: Page, address: str, view: str) -> None:
    """Opens a view anew and waits until the page asks nothing more, ahead neither: it keeps nothing of before."""
    page.goto("about:blank")
    page.goto(address + hash_of(view=view))
    page.wait_for_selector(TESTED[view], state="attached")
    rest(page)


def rest(page: Page) -> None:
    """Waits until a page asks nothing more, ahead neither."""
    quiet = 0
    while quiet < 6:
        page.wait_for_timeout(50)
        quiet = 0 if FLYING else quiet + 1


def clicked(page: Page, selector: str, text: str, event: str, condition: str) -> float:
    """Milliseconds from an event on the first such element with this text to the condition; "hash" goes to a state."""
    table = ", ".join(f"{json.dumps(name)}: () => {code}" for name, code in CONDITIONS.items())
    return page.evaluate(CLICK.replace("CONDITIONS[", f"({{{table}}})["), [selector, text, event, condition])


def attention_row(page: Page, foreseen: bool) -> str:
    """The layer of an attention row whose opening the page asks ahead, or of one whose it does not."""
    names = page.locator("tr.level-1[aria-expanded] .name bdi").all_inner_texts()
    of_attention = [name.split()[0] for name in names if name.endswith("attn")]
    return of_attention[0 if foreseen else -1]


def parts_clicks(page: Page, address: str, foreseen: bool) -> dict[str, float]:
    """A row is opened, and a head in it selected: the page rested before each, or neither was asked ahead."""
    show(page, address, "parts")
    layer = attention_row(page, foreseen)
    found = {"open a row": clicked(page, "tr.level-1", f"{layer} attn", "click", "children")}
    if foreseen:
        rest(page)
    found["select a head"] = clicked(page, "tr.level-2", f"{layer}.H", "click", "head")
    return {name if foreseen else name + NOT_FORESEEN: value for name, value in found.items()}


def clicks(page: Page, address: str, forget: Callable[[], None]) -> dict[str, float]:
    """Each kind of click once."""
    found = {}
    for foreseen in (True, False):
        forget()
        found |= parts_clicks(page, address, foreseen)
    found[FLOOR] = page.evaluate(REFUSED)
    found["preview"] = clicked(page, "tr.level-1 + tr.level-1", "", "mouseenter", "preview")
    forget()
    show(page, address, "parts")
    found["change the reference"] = clicked(page, ".options select", "raw logit", "raw", "raw")
    forget()
    show(page, address, "why")
    found["choose another token"] = clicked(page, ".alternative", "", "click", "another")
    forget()
    show(page, address, "why")
    named = hash_of(target=UNLIKELY, reference="raw")
    found[f"choose another token{NOT_FORESEEN}"] = clicked(page, named, "", "hash", "another")
    return found


def first_answers(page: Page, address: str, round_: int) -> dict[str, float]:
    """A prompt of 16 tokens that was never run: seconds until the prediction shows, and until the tests do."""
    text = SIXTEEN.replace("millions", ("thousands", "hundreds", "dozens", "billions", "lots", "plenty")[round_ % 6])
    page.goto("about:blank")
    page.goto(address)
    field = page.get_by_label("Prompt", exact=True)
    field.fill(text)
    start = time.perf_counter()
    field.press("Enter")
    page.wait_for_selector(".panel-words .said")
    shown = time.perf_counter() - start
    page.wait_for_selector(TESTED["why"])
    return {"prediction": shown, "tests": time.perf_counter() - start}


def collected(rounds: int, job: Callable[[int], dict[str, float]]) -> dict[str, list[float]]:
    """The samples of each kind."""
    runs = [job(round_) for round_ in range(rounds)]
    return {name: [run[name] for run in runs] for name in runs[0]}


def run(rounds: int) -> shared.Report:
    """Clicks in milliseconds, and the first answers to a new prompt in seconds."""
    with opened() as (page, address, forget):
        clicks(page, address, forget)
        by_click = collected(rounds, lambda _: clicks(page, address, forget))
        first = collected(min(rounds, 6), lambda round_: first_answers(page, address, round_))
    medians = {name: statistics.median(values) for name, values in by_click.items()}
    return {
        "click_ms": medians,
        "first_answers_s": {name: statistics.median(values) for name, values in first.items()},
        "samples": {"click_ms": by_click, "first_answers_s": first},
        "load": os.getloadavg(),
        "limits": [
            shared.limit(f"{name}, milliseconds", value, LIMIT) for name, value in medians.items() if name != FLOOR
        ],
    }
