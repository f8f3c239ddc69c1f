"""Shared set-up: shapes are enforced, hypothesis is repeatable in CI, and the two models other tests read."""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Every jaxtyped shape and plain annotation of the numeric modules is checked on each call of the tests. `embedded`,
# `weights` and the command line are left out: they subclass third-party readers whose annotations numpy integers
# do not meet. This must run before the first import of `unembed`.
CHECKED = ("agreement", "decomposition", "description", "families", "ledger", "loading", "model", "norms")
CHECKED += ("readouts", "recording", "source_credit", "trace")
install_import_hook([f"unembed.{name}" for name in CHECKED], "beartype.beartype")

import torch  # noqa: E402
from browsing import browser, server, visit  # noqa: E402, F401  # fixtures of the tests in a browser

import unembed  # noqa: E402

# Matrices of 32 columns: handing them to other threads costs more than it saves.
torch.set_num_threads(1)

_COMMON = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("ci", derandomize=True, max_examples=25, **_COMMON)
settings.register_profile("dev", max_examples=25, **_COMMON)
settings.register_profile("thorough", max_examples=400, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

WORDS = ("<unk>", "<s>", "the", "capital", "of", "France", "is", "Paris", "Rome", "a", "new", "##x")


def make_tokenizer():
    """A word tokenizer of a dozen words, made here: no file, no download."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", bos_token="<s>")


@pytest.fixture(scope="session")
def tiny_tokenizer():
    """Token `i` is `WORDS[i]`; anything else is `<unk>`, id 0."""
    return make_tokenizer()


@pytest.fixture(scope="session")
def real_model() -> unembed.Model:
    """The embedded real model, loaded once a session."""
    with torch.random.fork_rng():
        return unembed.load("smollm2-135m")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of the page out where there is no browser to drive; .ci/run installs one and insists.

    Each has a second try, and the summary counts them: between two busy processes a browser now and then loses a click.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if shutil.which("chromium") or os.environ.get("UNEMBED_BROWSER"):
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_report_header() -> str | None:
    """Say so."""
    if shutil.which("chromium"):
        return None
    return "chromium is not installed: the tests of the page in a browser are left out (apt-get install chromium)"
