"""The conversion of a GGUF file: once, whole, and undone when it is interrupted."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from builders.gguf_files import leftovers, never, refusal
from unembed.loading import cache as user_cache
from unembed.loading import converted as converted_folders
from unembed.loading import gguf as gguf_conversion
from unembed.loading import library_bars, weights


class TestConversion:
    def test_equals_what_transformers_reads(self, gguf, cache, no_network, capfd):
        seen = []
        folder = weights.resolve(str(gguf), offline=True, progress=lambda *step: seen.append(step))
        assert capfd.readouterr() == ("", "")
        assert no_network == []
        assert folder.parent == cache / "models"
        assert leftovers(cache) == []
        direct = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
        copy = AutoModelForCausalLM.from_pretrained(folder)
        assert direct.state_dict().keys() == copy.state_dict().keys()
        assert all(torch.equal(value, copy.state_dict()[name]) for name, value in direct.state_dict().items())
        assert AutoTokenizer.from_pretrained(folder)("hehe").input_ids == [257, 257]
        fractions = [fraction for stage, fraction in seen if stage == "Dequantising tensors"]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert all(0 <= fraction <= 1 for _, fraction in seen)

    def test_happens_once(self, gguf, monkeypatch):
        first = weights.resolve(str(gguf))
        monkeypatch.setattr(converted_folders, "dequantise", never)
        assert weights.resolve(str(gguf)) == first
        assert weights.fetch(str(gguf)) == first
        assert weights.resolve(str(gguf.rename(gguf.with_name("other.gguf")))) == first

    @pytest.mark.parametrize("damage", ["truncated", "altered", "no manifest", "no tokenizer"])
    def test_a_damaged_folder_is_rebuilt(self, gguf, damage):
        folder = weights.resolve(str(gguf))
        file = folder / "model.safetensors"
        whole = file.read_bytes()
        if damage == "truncated":
            file.write_bytes(whole[:-100])
        elif damage == "altered":
            file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        else:
            (folder / {"no manifest": "unembed.json", "no tokenizer": "tokenizer.json"}[damage]).unlink()
        assert not converted_folders.intact(folder)
        assert weights.resolve(str(gguf)) == folder
        assert converted_folders.intact(folder)
        assert file.read_bytes() == whole

    def test_leaves_other_peoples_settings(self, gguf):
        import gguf as library
        from transformers import modeling_gguf_pytorch_utils as inner
        from transformers.utils import logging

        before = library.GGUFReader, inner.tqdm, logging.get_verbosity(), logging.is_progress_bar_enabled()
        weights.resolve(str(gguf))
        after = library.GGUFReader, inner.tqdm, logging.get_verbosity(), logging.is_progress_bar_enabled()
        assert after == before

    def test_survives_transformers_moving_its_bar(self, gguf, monkeypatch):
        with (
            library_bars.swapped("transformers", "no_such_name", 1),
            library_bars.swapped("no_such_module", "tqdm", 1),
        ):
            assert weights.resolve(str(gguf)).is_dir()
        assert "no_such_name" not in vars(sys.modules["transformers"])


class TestInterruptions:
    def test_two_processes_convert_once(self, gguf, cache):
        script = textwrap.dedent("""
            import sys, time
            from pathlib import Path
            from unembed.loading import converted as converted_folders
            from unembed.loading import weights
            def slow(source, folder, progress):
                with open(sys.argv[2], "a") as log: log.write("converted\\n")
                time.sleep(1.0)
                (folder / "model.safetensors").write_bytes(b"x")
                return ""
            converted_folders.dequantise = slow
            stages = []
            print(weights.resolve(sys.argv[1], progress=lambda stage, _: stages.append(stage)))
            print(any("Waiting for another process" in stage for stage in stages))
        """)
        log = gguf.with_suffix(".log")
        command = [sys.executable, "-c", script, str(gguf), str(log)]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=30)[0].split() for process in both]
        assert log.read_text() == "converted\n"
        assert [line[0] for line in said] == [str(converted_folders.converted(user_cache.file_sha256(gguf)))] * 2
        assert sorted(line[1] for line in said) == ["False", "True"]

    def test_killed(self, gguf, cache):
        script = textwrap.dedent("""
            import sys, time
            from unembed.loading import converted as converted_folders
            from unembed.loading import weights
            def stuck(source, folder, progress):
                (folder / "model.safetensors").write_bytes(b"half a mod")
                print("half", flush=True)
                time.sleep(60)
            converted_folders.dequantise = stuck
            weights.resolve(sys.argv[1])
        """)
        command = [sys.executable, "-c", script, str(gguf)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "half\n"
            process.send_signal(signal.SIGKILL)
        assert len(leftovers(cache)) == 1
        assert not converted_folders.converted(user_cache.file_sha256(gguf)).exists()
        assert converted_folders.intact(weights.resolve(str(gguf)))
        assert leftovers(cache) == []

    def test_ctrl_c(self, gguf, cache, monkeypatch):
        def interrupted(source, folder, progress):
            (folder / "model.safetensors").write_bytes(b"half")
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(converted_folders, "dequantise", interrupted)
            with pytest.raises(KeyboardInterrupt):
                weights.resolve(str(gguf))
        assert leftovers(cache) == []
        assert converted_folders.intact(weights.resolve(str(gguf)))

    def test_no_room_is_seen_before(self, gguf, cache, monkeypatch):
        monkeypatch.setattr(gguf_conversion.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1_000_000))
        message = refusal(gguf)
        assert "No space left" in message
        assert "1 MB are free" in message
        assert leftovers(cache) == []

    def test_no_room_while_writing(self, gguf, cache, monkeypatch):
        from safetensors import SafetensorError

        def full(self, folder, **options):
            Path(folder, "model.safetensors").write_bytes(b"half")
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

        monkeypatch.setattr("transformers.PreTrainedModel.save_pretrained", full)
        assert "the disk is full" in refusal(gguf)
        assert leftovers(cache) == []

    def test_no_room_while_closing(self, gguf, cache, monkeypatch):
        def full(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(converted_folders, "_sync", full)
        assert "the disk is full" in refusal(gguf)
        assert leftovers(cache) == []

    def test_cache_that_cannot_be_written(self, gguf, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setenv("UNEMBED_CACHE", str(tmp_path / "file"))
        assert "set UNEMBED_CACHE to one that is" in refusal(gguf)

    def test_a_disk_that_returns_other_bits(self, gguf, cache, monkeypatch):
        save = gguf_conversion._save

        def careless(loaded, folder, progress):
            save(loaded, folder, progress)
            file = folder / "model.safetensors"
            file.write_bytes(file.read_bytes()[:-1] + b"\x01")

        monkeypatch.setattr(gguf_conversion, "_save", careless)
        assert "does not read back as it was written (1 tensors differ)" in refusal(gguf)
        assert list((cache / "models").glob("[!.]*")) == []
