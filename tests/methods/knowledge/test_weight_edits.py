"""Weight edits against changes of the parameters by hand; undone bit for bit; files for other weights refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import unembed
from builders.random_models import build
from unembed.errors import InputError, ModelError
from unembed.methods.knowledge.weight_edits import (
    WeightEdit,
    WeightEdits,
    added,
    applied,
    apply_edits,
    load_edits,
    rank_one,
    save_edits,
    scaled,
    weight_edits,
)
from unembed.models.model import Model, value_rows

pytestmark = pytest.mark.usefixtures("own_cache")
TOKENS = [5, 11, 3, 42, 7, 60, 33, 91]
FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "mixtral", "gpt_oss")


def parameters(model: Model) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.module.state_dict().items()}


def logits(model: Model) -> torch.Tensor:
    with torch.no_grad():
        return model.module(torch.tensor([TOKENS]), use_cache=False).logits[0]


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Bit for bit, so that 0.0 and -0.0 differ."""
    return a.keys() == b.keys() and all(torch.equal(a[k].view(torch.uint8), b[k].view(torch.uint8)) for k in a)


def vector(size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def expert_of(model: Model) -> int | None:
    return None if model.blocks[1].experts is None else 2


def edited_by_hand(model: Model, factor: float, neurons: list[int], change: torch.Tensor) -> None:
    """The parameter itself, by the layout of its class: not by the view that the edits use."""
    block = model.blocks[1]
    with torch.no_grad():
        if block.experts is not None:
            weight, transposed = block.experts.down_proj[2], not block.experts.is_transposed
        else:
            weight = block.down_projection.weight
            transposed = type(block.down_projection).__name__ == "Linear"
        for n in neurons:
            place = (slice(None), n) if transposed else (n,)
            weight[place] = factor * weight[place] + change


@pytest.mark.parametrize("model_type", FAMILIES)
def test_each_kind_of_edit_is_what_it_says_and_is_undone_bit_for_bit(model_type: str) -> None:
    model = unembed.wrap(build(model_type))
    other = unembed.wrap(build(model_type))
    before, plain, expert = parameters(model), logits(model), expert_of(model)
    v, keys = vector(model.d_model), vector(model.d_mlp, 1)
    cases = [
        (scaled(1, [3, 7], 2.0, expert=expert), lambda: edited_by_hand(other, 2.0, [3, 7], torch.zeros(()))),
        (scaled(1, [4], 0.0, expert=expert), lambda: edited_by_hand(other, 0.0, [4], torch.zeros(()))),
        (added(1, [3, 0], v, expert=expert), lambda: edited_by_hand(other, 1.0, [3, 0], v)),
        (
            rank_one(1, keys, v, expert=expert),
            lambda: [edited_by_hand(other, 1.0, [n], keys[n] * v) for n in range(len(keys))],
        ),
    ]
    for edit, by_hand in cases:
        original = parameters(other)
        by_hand()
        with applied(model, weight_edits(model, [edit], "a test")):
            assert model.edits == ("a test",)
            after = parameters(model)
            for name, value in parameters(other).items():
                assert torch.allclose(after[name], value, rtol=1e-13, atol=1e-13), name
            assert torch.allclose(logits(model), logits(other), rtol=0, atol=1e-11)
        assert same(parameters(model), before)
        assert model.edits == ()
        other.module.load_state_dict(original)
    with applied(model, weight_edits(model, [rank_one(1, keys, v, expert=expert)], "")):
        assert not torch.allclose(logits(model), plain, rtol=0, atol=1e-6)
    assert torch.equal(logits(model), plain)


def test_nested_contexts_are_undone_in_stack_order_also_after_an_exception() -> None:
    model = unembed.wrap(build("llama", dtype=torch.float32))
    before = parameters(model)
    outer = weight_edits(model, [scaled(0, [1, 2], 3.7), added(0, [2], vector(32))], "outer")
    inner = weight_edits(model, [scaled(0, [2], 0.0), rank_one(0, vector(48), vector(32, 1))], "inner")
    with applied(model, outer):
        between = parameters(model)
        with pytest.raises(ZeroDivisionError):
            fail_inside(model, inner, between)
        assert same(parameters(model), between)
        assert model.edits == ("outer",)
    assert same(parameters(model), before)


def fail_inside(model: Model, edits: WeightEdits, before: dict[str, torch.Tensor]) -> None:
    with applied(model, edits):
        assert model.edits == ("outer", "inner")
        assert not same(parameters(model), before)
        _ = 1 / 0


def test_an_edit_that_overflows_leaves_nothing_behind() -> None:
    model = unembed.wrap(build("gpt2", dtype=torch.float32))
    before = parameters(model)
    both = weight_edits(model, [scaled(0, [1], 0.0), added(1, [2], 1e300 * vector(32))], "too large")
    for use in (lambda: applied(model, both).__enter__(), lambda: apply_edits(model, both)):
        with pytest.raises(InputError, match="layer 1 is too large for weights in float32"):
            use()
        assert same(parameters(model), before)
        assert model.edits == ()


def test_editing_for_good_touches_its_rows_only() -> None:
    model = unembed.wrap(build("gpt2", tied=True))
    before = parameters(model)
    apply_edits(model, weight_edits(model, [scaled(2, [5], 0.0)], "for good"))
    after = parameters(model)
    assert model.edits == ("for good",)
    assert {name for name in before if not torch.equal(before[name], after[name])} == {
        "transformer.h.2.mlp.c_proj.weight"
    }
    assert not bool(value_rows(model.blocks[2])[5].any())
    kept = [n for n in range(48) if n != 5]
    assert torch.equal(
        after["transformer.h.2.mlp.c_proj.weight"][kept], before["transformer.h.2.mlp.c_proj.weight"][kept]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build("llama", dtype=torch.float32).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def every_kind(model: Model) -> list[WeightEdit]:
    v = vector(model.d_model).float()
    return [scaled(0, [1, 2], 0.0), added(1, [3], v), added(2, [4, 5], v), rank_one(1, vector(48, 1).float(), v)]


def test_a_file_gives_the_same_edits(tmp_path: Path, folder: Path) -> None:
    model = unembed.load(str(folder))
    edits = weight_edits(model, every_kind(model), "of every kind")
    save_edits(edits, tmp_path / "edits.safetensors")
    assert (tmp_path / "edits.safetensors").stat().st_size < 2048  # the vector that three edits share is stored once
    fresh = unembed.load(str(folder))
    read = load_edits(tmp_path / "edits.safetensors", fresh)
    assert (read.description, read.model, read.weights) == (edits.description, edits.model, edits.weights)
    with applied(model, edits), applied(fresh, read):
        assert same(parameters(model), parameters(fresh))


def test_edits_of_a_module_in_memory_are_known_by_its_down_projections(tmp_path: Path) -> None:
    model = unembed.wrap(build("mixtral", dtype=torch.bfloat16))
    save_edits(weight_edits(model, [scaled(0, [1], 0.0, expert=3)], ""), tmp_path / "edits")
    assert load_edits(tmp_path / "edits", unembed.wrap(build("mixtral", dtype=torch.bfloat16))).edits[0].expert == 3
    with pytest.raises(ModelError, match="were made for other weights"):
        load_edits(tmp_path / "edits", unembed.wrap(build("mixtral", dtype=torch.bfloat16, seed=1)))


def test_edits_for_other_weights_are_refused(tmp_path: Path, folder: Path) -> None:
    model = unembed.load(str(folder))
    save_edits(weight_edits(model, [scaled(0, [1], 0.0)], ""), tmp_path / "edits")
    build("llama", dtype=torch.float32, seed=1).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match=r"were made for other weights: of .*model \(files [0-9a-f]{64}\)"):
        load_edits(tmp_path / "edits", unembed.load(str(tmp_path / "other")))
    with pytest.raises(ModelError, match="were made for other weights"):
        load_edits(tmp_path / "edits", unembed.wrap(build("llama", dtype=torch.float32)))


def with_metadata(tmp_path: Path, **changes: str) -> Path:
    model = unembed.wrap(build("gpt2"))
    save_edits(weight_edits(model, [scaled(0, [1], 0.0)], ""), tmp_path / "edits")
    from safetensors import safe_open

    with safe_open(tmp_path / "edits", framework="pt") as file:
        metadata = {**file.metadata(), **changes}
    save_file({"none": torch.empty(0)}, tmp_path / "edits", metadata)
    return tmp_path / "edits"


ENTRY = {"layer": 0, "expert": None, "neurons": [1], "factor": 0.0, "input": None, "output": None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "unembed/weight-edits/9"}, "expected unembed/weight-edits/1, found unembed/weight-edits/9"),
        ({"edits": "[{"}, "are damaged: their list is no JSON. Save"),
        ({"edits": "[{}]"}, "are damaged: layer is missing. Save"),
        ({"edits": "7"}, "are damaged: their list is not of the form"),
        ({"edits": "[]"}, "holds no edits"),
        ({"edits": json.dumps([{**ENTRY, "layer": 1.5}])}, "are damaged: a layer, an expert or a neuron is no whole"),
        ({"edits": json.dumps([{**ENTRY, "factor": "half"}])}, "are damaged: a factor is no number"),
        ({"edits": json.dumps([{**ENTRY, "factor": 10**400}])}, "are damaged"),
        ({"edits": json.dumps([{**ENTRY, "layer": True}])}, "are damaged"),
        ({"edits": json.dumps([{**ENTRY, "neurons": ["a"]}])}, "are damaged"),
        ({"edits": json.dumps([{**ENTRY, "neurons": 3}])}, "are damaged"),
        ({"edits": json.dumps([{**ENTRY, "output": "vector.9"}])}, "are damaged"),
        ({"edits": json.dumps([{**ENTRY, "layer": 3}])}, "no layer 3"),
        ({"edits": json.dumps([{**ENTRY, "neurons": [48]}])}, "no neuron 48"),
        ({"edits": json.dumps([{**ENTRY, "factor": float("nan")}])}, "not finite"),
        ({"edits": json.dumps([{**ENTRY, "output": "none"}])}, "must have 32 numbers"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_edits(with_metadata(tmp_path, **changes), unembed.wrap(build("gpt2")))


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    model = unembed.wrap(build("gpt2"))
    with pytest.raises(InputError, match="There is no file of edits"):
        load_edits(tmp_path / "nothing", model)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="is no file of weight edits"):
        load_edits(tmp_path / "text", model)
    save_file({"a": torch.zeros(3)}, tmp_path / "weights")
    with pytest.raises(InputError, match="a safetensors file of another kind"):
        load_edits(tmp_path / "weights", model)
    with pytest.raises(InputError, match="Cannot write"):
        save_edits(weight_edits(model, [], ""), tmp_path / "no" / "folder")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (scaled(3, [0], 0.0), "no layer 3 to edit: expected 0 to 2"),
        (scaled(-1, [0], 0.0), "no layer -1"),
        (scaled(0, [48], 0.0), "no neuron 48 in layer 0: expected 0 to 47"),
        (scaled(0, [1, 1], 0.0), "names a neuron twice"),
        (scaled(0, [1], 0.0, expert=0), "no expert 0"),
        (scaled(0, [1], float("inf")), "not finite"),
        (added(0, [1], torch.zeros(31)), "output of an edit of layer 0 must have 32 numbers"),
        (rank_one(0, torch.zeros(47), torch.zeros(32)), "input of an edit of layer 0 must have 48 numbers"),
    ],
)
def test_edits_that_do_not_fit_are_refused(edit: WeightEdit, message: str) -> None:
    model = unembed.wrap(build("gpt2"))
    with pytest.raises(InputError, match=message):
        weight_edits(model, [edit], "")


def test_an_edit_of_a_mixture_needs_its_expert() -> None:
    model = unembed.wrap(build("mixtral"))
    with pytest.raises(InputError, match="mixture of experts: an edit of its weights needs an expert"):
        weight_edits(model, [scaled(0, [1], 0.0)], "")
    with pytest.raises(InputError, match="no expert 4 in layer 0, which has 4"):
        weight_edits(model, [scaled(0, [1], 0.0, expert=4)], "")
