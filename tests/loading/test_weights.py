"""Names, folders and the hub cache: what a name becomes, and what is refused."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders.gguf_files import never, refusal
from unembed.loading import cache as user_cache
from unembed.loading import converted as converted_folders
from unembed.loading import weights
from unembed.loading.catalogue import catalogue
from unembed.loading.folders import weights_sha256


class TestFolders:
    @pytest.fixture
    def folder(self, built, tmp_path):
        return Path(shutil.copytree(built, tmp_path / "folder"))

    def test_whole(self, folder):
        assert weights.resolve(str(folder)) == folder

    def test_no_config(self, folder):
        (folder / "config.json").unlink()
        assert "it has no config.json" in refusal(folder)
        (folder / "x.gguf").touch()
        assert f"Did you mean the file {folder / 'x.gguf'}?" in refusal(folder)

    def test_damaged_config(self, folder):
        (folder / "config.json").write_text("{")
        assert "config.json is damaged, it is not JSON" in refusal(folder)

    def test_no_weights(self, folder):
        (folder / "model.safetensors").unlink()
        assert "has no weights: expected model.safetensors" in refusal(folder)
        (folder / "pytorch_model.bin").touch()
        assert "only as a pickle (pytorch_model.bin)" in refusal(folder)

    def test_truncated(self, folder):
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:-1])
        assert "model.safetensors is truncated or damaged" in refusal(folder)

    def test_missing_part(self, folder):
        (folder / "model.safetensors").rename(folder / "a.safetensors")
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}))
        assert "1 of its 2 weight files are missing, the first is b.safetensors" in refusal(folder)
        index.write_text("[]")
        assert "does not list the weight files" in refusal(folder)

    def test_sha256_of_one_file(self, folder, monkeypatch):
        file = folder / "model.safetensors"
        first = weights_sha256(folder)
        assert first == hashlib.sha256(file.read_bytes()).hexdigest()
        with monkeypatch.context() as patch:
            patch.setattr(user_cache, "hash_of", never)
            assert weights_sha256(folder) == first
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert weights_sha256(folder) == hashlib.sha256(file.read_bytes()).hexdigest() != first

    def test_sha256_of_parts(self, folder):
        (folder / "model.safetensors").unlink()
        names = ["a.safetensors", "b.safetensors"]
        for name in names:
            (folder / name).write_text(name)
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"y": names[1], "x": names[0]}}))
        printed = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True).stdout
        assert weights_sha256(folder) == hashlib.sha256(printed).hexdigest()

    def test_sha256_without_a_usable_cache(self, folder, cache):
        expected = weights_sha256(folder)
        (cache / "digests.json").write_text("not json")
        assert weights_sha256(folder) == expected

    def test_hub_cache(self, folder, tmp_path, no_network):
        repository = tmp_path / "hub" / "models--some--tiny"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text("a" * 40)
        snapshot = repository / "snapshots" / ("a" * 40)
        shutil.copytree(folder, snapshot)
        assert weights.resolve("some/tiny") == snapshot
        assert weights.resolve("some/tiny", offline=True) == snapshot
        assert no_network == []
        entries = {entry.name: entry for entry in catalogue()}
        assert (entries["some/tiny"].kind, entries["some/tiny"].state) == ("hub", "ready")
        (snapshot / "model.safetensors").unlink()
        assert "it is not in the Hugging Face cache" in refusal("some/tiny", offline=True)
        entries = {entry.name: entry for entry in catalogue()}
        assert entries["some/tiny"].state == "incomplete"
        assert entries["some/tiny"].fetch == "unembed models fetch some/tiny"


class TestNames:
    def test_unknown_without_network(self, no_network):
        message = refusal("smollm3-135m")
        assert "'smollm3-135m': it is no known name, folder or GGUF file" in message
        assert "the Hugging Face hub could not be reached" in message
        assert "Did you mean smollm2-135m?" in message
        assert set(no_network) == {"huggingface.co"}

    def test_unknown_offline(self, no_network):
        assert "offline the hub is not asked. `unembed models`" in refusal("zzz/qqq", offline=True)
        assert no_network == []

    @pytest.mark.parametrize("name", ["no/such.gguf", "./nothing", "/no/such/folder"])
    def test_absent_path(self, name, no_network):
        assert "There is no file or folder" in refusal(name)
        assert no_network == []

    @pytest.mark.parametrize("name", ["", "a b", "a/b/c"])
    def test_not_a_name(self, name, no_network):
        assert "not the form of a hub id" in refusal(name)

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("RepositoryNotFoundError", "has no such model"),
            ("GatedRepoError", "accept it at https://huggingface.co/a/b"),
        ],
    )
    def test_hub_says_no(self, kind, said, monkeypatch):
        from huggingface_hub import errors

        def refuse(name, **options):
            if options.get("local_files_only"):
                raise errors.LocalEntryNotFoundError("not cached")
            raise getattr(errors, kind).__new__(getattr(errors, kind))

        monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
        assert said in refusal("a/b")

    def test_converted_files_are_listed(self, gguf):
        folder = weights.resolve(str(gguf))
        [entry] = [entry for entry in catalogue() if entry.kind == "gguf"]
        assert (entry.name, entry.state, entry.path, entry.licence) == (str(gguf), "ready", folder, "mit")
        assert entry.bytes == sum(file.stat().st_size for file in folder.iterdir())


def test_import_is_light():
    heavy = (
        "import sys, unembed.loading.weights; print({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True, timeout=30)
    assert said.stdout.strip() == "set()"


def test_second_resolve_is_quick(gguf, monkeypatch):
    """Nothing is read through again, neither the file nor what was made of it."""
    first = weights.resolve(str(gguf))
    for module in (user_cache, converted_folders):
        monkeypatch.setattr(module, "hash_of", never)
    monkeypatch.setattr(converted_folders, "dequantise", never)
    assert weights.resolve(str(gguf)) == first
