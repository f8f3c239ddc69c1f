"""`unembed.show` in a real JupyterLab: the widget answers from the kernel, and the saved notebook reads without it."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import unembed
from browser.visits import PATIENCE, SHOWN_PRECISION, Visit, number, patient, values

pytestmark = pytest.mark.browser
PROMPT, TOKEN = "The king shall not", "a-token-of-this-test"
SOURCE = f"""import unembed

model = unembed.load("toy/two-layer", device="cpu")
unembed.show(unembed.explain(model, "{PROMPT}", test=False))"""
QUIET = (
    *("--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", f"--IdentityProvider.token={TOKEN}"),
    # It reaches for news, updates and a list of extensions else.
    *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    "--LabApp.extension_manager=readonly",
)


@dataclass
class Lab:
    """A server of JupyterLab with one notebook."""

    address: str
    notebook: Path


@pytest.fixture
def lab(tmp_path) -> Iterator[Lab]:
    notebook = tmp_path / "work" / "shown.ipynb"
    notebook.parent.mkdir()
    cell = {
        "cell_type": "code",
        "id": "shown",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": SOURCE,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": [cell]}
    notebook.write_text(json.dumps(content))
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *QUIET, f"--ServerApp.root_dir={notebook.parent}"],
        env=os.environ | _own_folders(tmp_path / "jupyter"),
        cwd=notebook.parent,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Lab(_address(process), notebook)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _own_folders(home: Path) -> dict[str, str]:
    """Nothing of the user's settings is read, and nothing is left behind."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    # The kernel imports the package that is tested, however the tests found it.
    package = str(Path(unembed.__file__).parents[1])
    paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: str(home / name.lower()) for name in names} | {"PYTHONPATH": paths}


def _address(process: subprocess.Popen) -> str:
    """Where the server listens; its log is read to the end, so that it never waits for a reader."""
    assert process.stderr is not None
    found: queue.Queue[str] = queue.Queue()

    def read(lines) -> None:
        for line in lines:
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if address:
                found.put(address[0])

    threading.Thread(target=read, args=(process.stderr,), daemon=True).start()
    return found.get(timeout=PATIENCE / 1000)


@pytest.mark.slow
def test_jupyterlab_shows_the_widget_which_asks_the_kernel(lab: Lab, browser: Browser) -> None:
    context = patient(browser.new_context(viewport={"width": 1400, "height": 1000}))
    visit = Visit(context.new_page(), lab.address)
    page = visit.page
    page.goto(f"{lab.address}doc/tree/{lab.notebook.name}?token={TOKEN}")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    page.locator(".jp-Cell .jp-InputArea-editor").first.click()
    page.keyboard.press("Shift+Enter")

    shown = page.locator(".jp-OutputArea .unembed")
    expect(shown.locator(".panel-words .said")).to_be_visible()
    shown.get_by_role("link", name="Parts").click()
    expect(shown.locator(".ledger tfoot")).to_contain_text("= model ✓")
    expect(page.locator(".unembed-static")).to_be_hidden()  # the same without a widget
    result = unembed.explain(unembed.load("toy/two-layer", device="cpu"), PROMPT, test=False)
    largest = max(result.ledger.terms(), key=lambda term: abs(term.value))
    row = shown.locator("tr.level-1", has_text="attn").first
    assert largest.kind == "attention"
    parent = number(row.locator("td.number").inner_text())
    assert parent == pytest.approx(largest.value, abs=SHOWN_PRECISION)

    # The kernel answers: the notebook holds the explanation only, and no opened row.
    expect(shown.locator("tr.level-2")).to_have_count(0)
    row.click()
    expect(shown.locator("tr.sum.level-2")).to_contain_text("= the row above ✓")
    heads = values(shown.locator("tr.level-2:not(.sum)"))
    assert sum(heads) == pytest.approx(parent, abs=SHOWN_PRECISION * (len(heads) + 1))
    shown.get_by_label("Prompt", exact=True).fill("My lord")
    shown.get_by_label("Prompt", exact=True).press("Enter")
    expect(shown.locator(".panel-strip .token")).to_have_count(2)

    with page.expect_response(lambda r: r.request.method == "PUT" and f"api/contents/{lab.notebook.name}" in r.url):
        page.keyboard.press("Control+s")
    html = _saved_html(lab.notebook)
    context.close()
    assert not visit.complaints
    assert all(url.startswith((lab.address, "blob:", "data:", "about:")) for url in visit.requests)
    _reads_without_script(html, browser, result)


def _saved_html(notebook: Path) -> str:
    """What the saved output says where no widget runs."""
    widget, static = json.loads(notebook.read_text())["cells"][0]["outputs"]
    assert "application/vnd.jupyter.widget-view+json" in widget["data"]
    return "".join(static["data"]["text/html"])


def _reads_without_script(html: str, browser: Browser, result: unembed.Explanation) -> None:
    context = patient(browser.new_context(java_script_enabled=False))
    visit = Visit(context.new_page(), "about:blank")
    visit.page.set_content(html)
    expect(visit.page.locator("table").first).to_be_visible()
    expect(visit.page.locator("body")).to_contain_text(f"{100 * result.target.probability:.1f}%")
    assert not [url for url in visit.requests if not url.startswith(("about:", "data:"))]
    context.close()
