"""A cache of its own for each test, no network, and a tiny GGUF file with its conversion."""

import errno
import shutil
from pathlib import Path

import pytest

from builders.gguf_files import write_gguf
from unembed.loading import gguf as gguf_conversion
from unembed.progress import silent


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UNEMBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


@pytest.fixture
def no_network(monkeypatch):
    asked = []

    def refuse(host, *args, **kwargs):
        asked.append(host)
        raise OSError(errno.ENETUNREACH, "no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    return asked


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def built(pristine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    gguf_conversion.dequantise(pristine, folder, silent)
    return folder


@pytest.fixture
def gguf(pristine, tmp_path):
    return Path(shutil.copy(pristine, tmp_path / "tiny.gguf"))
