"""What the commands about toys refuse, before anything long runs."""

from pathlib import Path

import pytest

from builders.commands import run
from unembed.models.toy import ToyConfig, ToyForCausalLM
from unembed.toys import checkpoints, recipes

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("other", [{"vocab_size": 300}, {"vocab_size": 100}, {"max_position_embeddings": 64}])
@pytest.mark.parametrize(("name", "layers"), [("zero-layer", 0), ("one-layer", 1), ("two-layer", 2)])
def test_a_checkpoint_of_another_size(monkeypatch, capsys, tmp_path, name, layers, other):
    ToyForCausalLM(ToyConfig(num_hidden_layers=layers, **other)).save_pretrained(tmp_path / "toy")
    code, out, err = run(monkeypatch, capsys, "toys", "evaluate", name, "--folder", str(tmp_path / "toy"))
    assert (code, out) == (2, "")
    size = f"{other.get('vocab_size', 1024)} tokens and a context of {other.get('max_position_embeddings', 128)}"
    assert f"{layers} layers of 0 neurons, 1024 tokens and a context of 128 (unembed_toy), found " in err
    assert size in err.partition("found")[2]


@pytest.mark.parametrize("folder", ["hub/name", "/nowhere/at/all", __file__])
def test_a_folder_that_is_none_is_not_looked_for_elsewhere(monkeypatch, capsys, folder):
    code, out, err = run(monkeypatch, capsys, "toys", "evaluate", "two-layer", "--folder", folder)
    assert (code, out) == (3, "")
    assert f"There is no folder {folder}" in err


@pytest.mark.parametrize("out", ["/proc/toy", "/proc/a/b/toy", f"{__file__}/toy"])
def test_a_place_that_cannot_be_written_is_refused_before_training(monkeypatch, capsys, out):
    monkeypatch.setattr(recipes, "train", lambda *_, **__: pytest.fail("trained"))
    code, _, err = run(monkeypatch, capsys, "toys", "train", "facts", "--out", out)
    assert code == 2
    assert "Cannot write to" in err


def test_the_look_whether_a_place_can_be_written_leaves_nothing(tmp_path):
    checkpoints.check_free(tmp_path / "a" / "b" / "toy")
    assert list(Path(tmp_path).iterdir()) == []
