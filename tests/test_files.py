"""What is written is there whole or not at all, and an earlier file outlives whatever fails."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError, UnembedError
from unembed.files import write_file, written
from unembed.loading import kept_results
from unembed.methods.knowledge.weight_edits import load_edits, rank_one, save_edits, weight_edits
from unembed.models.sites import neurons_of
from unembed.runs.figures import bars

EARLIER = b"what was here before"
SMALL = 2048
"""Bytes after which the disk of `full` is full."""


@pytest.fixture
def kept(tmp_path) -> Path:
    """A file that someone would miss, alone in its folder."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(EARLIER)
    return tmp_path / "kept" / "file"


@pytest.fixture
def full():
    """A disk that is full after `SMALL` bytes of a file: the rest of a write fails in its middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def unharmed(file: Path) -> bool:
    return file.read_bytes() == EARLIER and [path.name for path in file.parent.iterdir()] == [file.name]


def tiny_model() -> unembed.Model:
    return unembed.wrap(build("llama", layers=2), make_tokenizer())


def big_edits(model: unembed.Model):
    width = neurons_of(model, 0)
    edits = [rank_one(layer, torch.ones(width), torch.ones(model.d_model)) for layer in (0, 1) for _ in range(9)]
    return weight_edits(model, edits, "x" * SMALL)


WRITERS = {
    "bytes": lambda file: write_file(file, bytes(2 * SMALL)),
    "edits": lambda file: save_edits(big_edits(tiny_model()), file),
    "a figure as SVG": lambda file: bars(["a", "b"], [1.0, 2.0], unit="x").savefig(file, format="svg"),
    "a figure as PDF": lambda file: bars(["a", "b"], [1.0, 2.0], unit="x").savefig(file, format="pdf"),
    "a figure as PNG": lambda file: bars(["a", "b"], [1.0, 2.0], unit="x").savefig(str(file), format="png"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_earlier_file_and_no_other(kept, full, name) -> None:
    with pytest.raises(UnembedError, match=r"Cannot write .*file: File too large"):
        WRITERS[name](kept)
    assert unharmed(kept)


@pytest.mark.parametrize("name", WRITERS)
def test_there_is_the_whole_file_afterwards_and_no_other(kept, name) -> None:
    WRITERS[name](kept)
    assert len(kept.read_bytes()) > SMALL
    assert len(list(kept.parent.iterdir())) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError, MemoryError])
def test_what_stops_the_maker_of_the_content_leaves_the_earlier_file(kept, stop) -> None:
    def half() -> None:
        with written(kept) as file:
            file.write(bytes(2 * SMALL))
            raise stop

    with pytest.raises(stop):
        half()
    assert unharmed(kept)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_at_the_last_step_leaves_the_earlier_file(kept, monkeypatch, call) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), fails)
    with pytest.raises(InputError, match="No space left on device"):
        write_file(kept, b"new")
    assert unharmed(kept)


def test_an_ending_that_names_no_picture_leaves_the_earlier_file(kept) -> None:
    with pytest.raises(ValueError, match="nothing"):
        bars(["a"], [1.0], unit="x").savefig(kept, format="nothing")
    assert unharmed(kept)


def test_a_picture_without_an_ending_gets_one(tmp_path) -> None:
    bars(["a"], [1.0], unit="x").savefig(tmp_path / "picture")
    assert (tmp_path / "picture.png").read_bytes()[1:4] == b"PNG"


def test_a_file_keeps_its_permissions_and_a_new_one_gets_the_usual(kept) -> None:
    kept.chmod(0o640)
    write_file(kept, b"new")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    write_file(kept.with_name("other"), b"new")
    kept.with_name("plain").write_bytes(b"")
    assert kept.with_name("other").stat().st_mode == kept.with_name("plain").stat().st_mode


def test_a_link_stays_one(kept, tmp_path) -> None:
    link = tmp_path / "link"
    link.symlink_to(kept)
    write_file(link, "näher")
    assert link.is_symlink()
    assert kept.read_text(encoding="utf-8") == "näher"


def test_what_is_no_plain_file_is_written_to(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file(tmp_path / "pipe", b"bytes")
    assert os.read(reader, 9) == b"bytes"
    os.close(reader)


@pytest.mark.parametrize("place", ["no/such/folder/file", "file/below", "."])
def test_what_cannot_be_written_is_one_message(kept, place) -> None:
    with pytest.raises(InputError, match="Cannot write"):
        write_file(kept.parent / place, b"new")
    assert unharmed(kept)


def test_a_name_as_long_as_names_get_is_written(tmp_path) -> None:
    write_file(tmp_path / ("n" * 255), b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_kept_result_that_finds_no_room_leaves_the_earlier_one(tmp_path, full) -> None:
    place = tmp_path / "kind" / "mark"
    kept_results.write(place, {"a": 1})
    kept_results.write(place, ["x" * 2 * SMALL])
    assert kept_results.read(place) == {"a": 1}
    assert len(list(place.parent.iterdir())) == 1


def test_edits_are_read_back_after_they_were_written_over(kept) -> None:
    model = tiny_model()
    save_edits(big_edits(model), kept)
    assert len(load_edits(kept, model).edits) == 18


def test_a_report_that_finds_no_room_is_one_message(kept, folder) -> None:
    """The command in a process of its own, whose files may have 4,000 bytes; the cache is warm by then."""
    words = ["explain", "the capital of", "--model", str(folder), "--no-test", "--html", str(kept)]
    limited = "import resource, sys; from unembed.cli import main; sys.argv = ['unembed', *sys.argv[1:]]\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); main()"
    done = subprocess.run([sys.executable, "-P", "-c", limited, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"unembed: Cannot write {kept}: File too large")
    assert unharmed(kept)
