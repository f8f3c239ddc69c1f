"""Files of anyone's making: nested too deeply, damaged, or with counts that nothing fills. One message each."""

import io
import json
import os
import resource
import shutil
import struct
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import unembed
from builders.commands import run
from builders.gguf_files import refusal, write_gguf
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError, ModelError
from unembed.loading import converted, kept_results, weights
from unembed.loading.cache import cache_folder, file_sha256
from unembed.methods import directions
from unembed.methods.heads import roles
from unembed.methods.knowledge.weight_edits import WeightEdit, load_edits, rank_one, save_edits, weight_edits
from unembed.models.sites import neurons_of

DEEP = "[" * 100_000 + "]" * 100_000
MANIFEST = dict.fromkeys(("source", "source_sha256", "licence", "transformers"), "")
MANIFEST |= {"schema": "unembed/model/1", "files": {}}
DEEP_OBJECT = '{"model_type":' * 100_000 + "1" + "}" * 100_000


@pytest.mark.parametrize(
    "file",
    [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors.index.json",
        "adapter_config.json",
    ],
)
@pytest.mark.parametrize("text", [DEEP, DEEP_OBJECT], ids=["lists", "objects"])
def test_json_nested_too_deeply_is_a_damaged_file(folder, tmp_path, file, text) -> None:
    shutil.copytree(folder, tmp_path / "model")
    if file == "model.safetensors.index.json":
        (tmp_path / "model" / "model.safetensors").unlink()
    if file == "adapter_config.json":
        (tmp_path / "model" / "config.json").unlink()
    (tmp_path / "model" / file).write_text(text)
    with pytest.raises(ModelError, match=r"damaged|Fetch|fetch"):
        unembed.load(str(tmp_path / "model"))


@pytest.mark.parametrize(
    "text",
    [
        '{"eos_token_id": "end"}',
        '{"eos_token_id": 5.5}',
        '{"eos_token_id": true}',
        '{"eos_token_id": [5, "x"]}',
        '{"suppress_tokens": 5}',
        '{"begin_suppress_tokens": ["a"]}',
        '{"forced_bos_token_id": [1]}',
        '{"forced_decoder_ids": [[1]]}',
        '{"lang_to_id": {"<|en|>": "5"}}',
        '{"language": ["en"]}',
    ],
)
def test_a_value_of_a_wrong_kind_in_a_generation_configuration_is_said(folder, tmp_path, text) -> None:
    shutil.copytree(folder, tmp_path / "model")
    path = tmp_path / "model" / "generation_config.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"generation_config.json is damaged: expected") as refused:
        unembed.load(str(tmp_path / "model"))
    assert "without the file, config.json says" in str(refused.value)
    path.unlink()
    assert unembed.load(str(tmp_path / "model")).layers


def test_a_generation_configuration_of_every_kind_of_value_is_read(folder, tmp_path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    said = {"eos_token_id": [2, 5], "suppress_tokens": [], "bos_token_id": None, "language": "en", "task": None}
    said |= {"forced_decoder_ids": [[1, None], [2, 7]], "lang_to_id": {"<|en|>": 5}, "forced_eos_token_id": 3}
    (tmp_path / "model" / "generation_config.json").write_text(json.dumps(said))
    assert unembed.load(str(tmp_path / "model")).module.generation_config.eos_token_id == [2, 5]


def test_messages_nested_too_deeply(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "messages.json").write_text(DEEP)
    code, _, err = run(monkeypatch, capsys, "explain", "--messages", str(tmp_path / "messages.json"))
    assert code == 2
    assert "nested too deeply" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        "{}",
        '{"schema": "unembed/model/1"}',
        json.dumps(MANIFEST | {"files": 3}),
        json.dumps(MANIFEST | {"files": {"a": [1]}}),
        json.dumps(MANIFEST | {"files": {"n" * 5000: "0"}}),
        json.dumps(MANIFEST | {"licence": 1}),
    ],
    ids=range(7),
)
def test_a_model_with_a_damaged_manifest_is_converted_again(own_cache, tmp_path, monkeypatch, capsys, text) -> None:
    folder = weights.resolve(str(write_gguf(tmp_path / "tiny.gguf")))
    wanted = (folder / "unembed.json").read_text()
    (folder / "unembed.json").write_text(text)
    assert not converted.intact(folder)
    assert run(monkeypatch, capsys, "models")[0] == 0
    assert weights.resolve(str(tmp_path / "tiny.gguf")) == folder
    assert (folder / "unembed.json").read_text() == wanted


@pytest.mark.parametrize("text", [DEEP, "[]", '{"FILE": 3}', '{"FILE": {"a": 1}}', '{"FILE": []}', "\x00"])
def test_damaged_checksums_are_made_again(own_cache, tmp_path, text) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    wanted = file_sha256(tmp_path / "file")
    (cache_folder() / "digests.json").write_text(text.replace("FILE", str((tmp_path / "file").resolve())))
    assert file_sha256(tmp_path / "file") == wanted


@pytest.mark.parametrize(
    "data", [[], {}, {"roles": 3}, {"roles": {"copying": {}}, "check": None}, {"roles": {}, "check": {"a": 1}}, 7, "x"]
)
def test_a_kept_result_of_another_form_counts_as_none(tmp_path, data) -> None:
    model = unembed.wrap(build("llama", layers=2), make_tokenizer())
    kept_results.write(tmp_path / "kept", data)
    assert kept_results.read(tmp_path / "kept") == data
    assert roles._read(tmp_path / "kept", model, None) is None  # type: ignore[arg-type]


def test_a_kept_result_nested_too_deeply_counts_as_none(tmp_path) -> None:
    (tmp_path / "kept").write_text(f"{kept_results._checksum(DEEP)}\n{DEEP}")
    assert kept_results.read(tmp_path / "kept") is None


# ------------------------------------------------------------ GGUF

COUNTS = (
    "block_count",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "vocab_size",
    "rope.dimension_count",
)


@pytest.fixture
def little_memory():
    """No process of these tests needs more than what it has, and 3 GB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * 10**9, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("count", [0, 2**30, 2**31])
@pytest.mark.parametrize("key", COUNTS)
def test_counts_that_nothing_fills_are_refused(own_cache, tmp_path, little_memory, key, count) -> None:
    def said(writer) -> None:
        writer.kv_data[0].pop(f"llama.{key}", None)
        writer.add_uint32(f"llama.{key}", count)

    refused = refusal(str(write_gguf(tmp_path / "tiny.gguf", metadata=said)))
    assert key in refused
    assert "allocate" not in refused


@pytest.mark.parametrize("count", [0, 2**30, 2**62])
@pytest.mark.parametrize("place", [8, 16], ids=["tensors", "keys"])
def test_counts_in_the_head_of_the_file(own_cache, tmp_path, little_memory, place, count) -> None:
    file = write_gguf(tmp_path / "tiny.gguf")
    data = bytearray(file.read_bytes())
    data[place : place + 8] = struct.pack("<Q", count)
    file.write_bytes(data)
    assert "truncated or damaged" in refusal(str(file))


# ------------------------------------------------------------ edits


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama", layers=2), make_tokenizer())


def _changed(path: Path, **entry: object) -> Path:
    """The edit file with fields of its first edit changed."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as opened:
        head = dict(opened.metadata())
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    edits = json.loads(head["edits"])
    edits[0] |= entry
    save_file(tensors, path, head | {"edits": json.dumps(edits)})
    return path


@pytest.mark.parametrize("entry", [{"output": None}, {"output": None, "input": None}])
def test_an_edit_file_without_its_output_is_refused(model, tmp_path, entry) -> None:
    made = weight_edits(model, [rank_one(1, torch.ones(neurons_of(model, 0)), torch.ones(model.d_model))], "x")
    save_edits(made, tmp_path / "edits")
    assert load_edits(tmp_path / "edits", model).edits[0].output is not None
    with pytest.raises(InputError, match="the output of the edit of layer 1 is missing"):
        load_edits(_changed(tmp_path / "edits", **entry), model)


def test_an_edit_without_its_output_is_refused(model) -> None:
    edit = WeightEdit(layer=0, neurons=None, input=torch.ones(neurons_of(model, 0)))
    with pytest.raises(InputError, match="an input and no output"):
        weight_edits(model, [edit], "x")


def test_edits_nested_too_deeply(model, tmp_path) -> None:
    head = {"schema": "unembed/weight-edits/1", "description": "", "model": "", "weights": "", "edits": DEEP}
    save_file({"none": torch.empty(0)}, tmp_path / "edits", head)
    with pytest.raises(InputError, match="damaged"):
        load_edits(tmp_path / "edits", model)


# ------------------------------------------------------------ standard input


def test_closed_and_unreadable_input_is_one_message(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["unembed", "explain", "-"])
    for stdin, words in ((None, "closed"), (io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8"), "UTF-8")):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as stop:
            unembed.cli.main()
        assert stop.value.code == 2
        err = capsys.readouterr().err
        assert words in err
        assert err.count("\n") == 1


def test_a_direction_of_more_numbers_than_memory_holds_is_one_message(model, tmp_path) -> None:
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
    (tmp_path / "d.npy").write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head)
    with pytest.raises(InputError, match=r"d.npy is no .npy file with plain numbers"):
        directions.from_file(model, tmp_path / "d.npy")


# ------------------------------------------------------------ a model's folder

DESCRIBING = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "added_tokens.json")


@pytest.mark.parametrize("name", [*DESCRIBING, "special_tokens_map.json", "vocab.json", "preprocessor_config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b'{"a": "\xff"}', b"\x00"], ids=range(6))
def test_a_damaged_file_is_named(folder, tmp_path, name, content) -> None:
    """Also generation_config.json, which transformers leaves out without a word when it cannot be read."""
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is damaged.*Fetch the model again"):
        unembed.load(str(tmp_path / "model"))


@pytest.mark.parametrize("name", [*DESCRIBING, "chat_template.jinja", "notes.txt"])
def test_a_link_to_nothing_is_no_absent_file(folder, tmp_path, name) -> None:
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / name).unlink(missing_ok=True)
    for target in ("nowhere", name):
        (tmp_path / "model" / name).symlink_to(target)
        with pytest.raises(ModelError, match=rf"{name} is a link to a file that is not there"):
            unembed.load(str(tmp_path / "model"))
        (tmp_path / "model" / name).unlink()


def test_folders_and_pipes_that_are_named_as_files_are_no_files(folder, tmp_path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    for name in ("merges.txt", "chat_template.jinja", "spiece.model"):
        (tmp_path / "model" / name).mkdir()
    os.mkfifo(tmp_path / "model" / "vocab.json")
    found, own = (unembed.record(unembed.load(str(name)), [3, 7]).logits for name in (tmp_path / "model", folder))
    assert torch.equal(found, own)


@pytest.mark.parametrize("metadata", [{}, {"metadata": None}, {"metadata": []}])
def test_an_index_without_metadata_is_mended_as_the_message_says(folder, tmp_path, metadata) -> None:
    model = tmp_path / "model"
    shutil.copytree(folder, model)
    (model / "model.safetensors").rename(model / "one.safetensors")
    places = dict.fromkeys(load_file(model / "one.safetensors"), "one.safetensors")
    index = model / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places} | metadata))
    with pytest.raises(ModelError, match=r'(?s)has no "metadata".*Add "metadata": \{\} to it'):
        unembed.load(str(model))
    index.write_text(json.dumps({"weight_map": places, "metadata": {}}))
    found, own = (unembed.record(unembed.load(str(name)), [3, 7]).logits for name in (model, folder))
    assert torch.equal(found, own)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.bool, torch.complex64])
def test_weights_that_are_no_floats_are_not_cast(folder, tmp_path, dtype) -> None:
    shutil.copytree(folder, tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name in sorted(tensors) if "down_proj" in name)
    save_file(tensors | {name: tensors[name].to(dtype)}, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"hold 1 tensors that are no floating-point numbers \({name}"):
        unembed.load(str(tmp_path / "model"))
