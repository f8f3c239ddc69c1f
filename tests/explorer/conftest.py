"""A browser for tests: Debian's chromium, the real model's server, and a visit to its page."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

import unembed
from browser.visits import Visit, serving, visiting


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    assert found, "The tests of the page need chromium: apt-get install chromium."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server(real_model: unembed.Model) -> Iterator[str]:
    """The address of a server of the real model."""
    with serving(real_model) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """A visit to the real model's page."""
    with visiting(browser, server) as visited:
        yield visited
