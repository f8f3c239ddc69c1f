"""Shared set-up: shapes are enforced, hypothesis is repeatable in CI, and the two models other tests read."""

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest
from hypothesis import HealthCheck, settings

# So that an assertion in a helper says what it compared.
pytest.register_assert_rewrite("builders", "oracles", "browser")

from builders.shape_checks import begin_test, check_calls  # noqa: E402

# Every jaxtyped shape and plain annotation of the packages that compute is checked on calls of the tests. This must run
# before the first import of what it checks. The toys' module is left out: transformers reads its signatures.
CHECKED = ("models", "runs", "ledger", "engine")
_SOURCE = Path(find_spec("unembed").origin).parent
_MODULES = [module.name for name in CHECKED for module in iter_modules([str(_SOURCE / name)], f"unembed.{name}.")]
check_calls([name for name in _MODULES if name != "unembed.models.toy"])

import torch  # noqa: E402

import unembed  # noqa: E402
from builders.commands import run  # noqa: E402
from builders.crossed import leave_to_studies  # noqa: E402
from builders.source_folders import save_listener, save_translator  # noqa: E402
from builders.words import make_tokenizer, save_tiny  # noqa: E402

# Matrices of 32 columns: handing them to other threads costs more than it saves.
torch.set_num_threads(1)

_COMMON = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("ci", derandomize=True, max_examples=12, **_COMMON)
settings.register_profile("dev", max_examples=12, **_COMMON)
settings.register_profile("studies", max_examples=100, **_COMMON)
settings.register_profile("thorough", max_examples=400, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def tiny_tokenizer():
    """Token `i` is `WORDS[i]`; anything else is `<unk>`, id 0."""
    return make_tokenizer()


@pytest.fixture(scope="session")
def real_model() -> unembed.Model:
    """The embedded real model, loaded once a session."""
    with torch.random.fork_rng():
        return unembed.load("smollm2-135m")


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> None:
    """A cache that no other test has written to."""
    monkeypatch.setenv("UNEMBED_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """A tiny llama with a tokenizer of a dozen words; not to be changed."""
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def cli(monkeypatch, capsys, folder, own_cache):
    """Runs a command on the tiny model: exit code, stdout and stderr."""

    def call(*args: str, stdin: str = "", model: str | None = None) -> tuple[int, str, str]:
        return run(monkeypatch, capsys, *args, "--model", model or str(folder), "--offline", stdin=stdin)

    return call


@pytest.fixture(scope="session")
def translator(tmp_path_factory) -> Path:
    """A tiny encoder-decoder of text."""
    return save_translator(tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="session")
def listener(tmp_path_factory) -> Path:
    """A tiny encoder-decoder of sound."""
    return save_listener(tmp_path_factory.mktemp("whisper"))


def pytest_runtest_setup() -> None:
    """The first calls of each test are checked."""
    begin_test()


ALIKE = (
    *("gemma", "gemma3_text", "mistral", "phi3", "qwen2", "qwen3", "qwen3_moe", "smollm3", "stablelm", "starcoder2"),
    *("deberta-v2", "distilbert", "electra", "roberta", "xlm-roberta"),
)
"""Families built as another is: models, runs and ledger are tried on all of them, the rest in studies."""
_IN_STUDIES = {"methods", "engine"}
_ALSO = ("test_every_field_dropped_or_changed", "test_a_report_of_every_family_is_written")
"""Tests of other rooms that leave such families to studies."""
_ON_ALL = "test_equals_a_full_run_with_the_float32_of_transformers"
"""The one test of the engine that every family keeps in the run."""
_OF_ALIKE = re.compile(rf"(^|-)({'|'.join(ALIKE)})(-|$)")


def _is_of_alike(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    name = getattr(item, "originalname", "")
    if called is None or name == _ON_ALL or not (name in _ALSO or _IN_STUDIES & {*item.path.parts}):
        return False
    return bool(_OF_ALIKE.search(called.id))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what `make studies` tries, and leave the tests of the page out where there is no browser to drive.

    .ci/run installs one and insists. Each test of the page has a second try, and the summary counts them: between two
    busy processes a browser now and then loses a click.
    """
    for item in items:
        if _is_of_alike(item):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    leave_to_studies(items)
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
