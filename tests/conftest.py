"""Shared set-up: shapes are enforced, hypothesis is repeatable in CI, and the two models other tests read."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Every jaxtyped shape and plain annotation of the packages that compute is checked on each call of the tests. This must
# run before the first import of what it checks. The toys' module is left out: transformers reads its signatures.
CHECKED = ("models", "runs", "ledger", "engine")
_SOURCE = Path(find_spec("unembed").origin).parent
_MODULES = [module.name for name in CHECKED for module in iter_modules([str(_SOURCE / name)], f"unembed.{name}.")]
install_import_hook([name for name in _MODULES if name != "unembed.models.toy"], "beartype.beartype")

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
