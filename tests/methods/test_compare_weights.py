"""Two sets of weights: the ledger of the difference against swapped modules, transplants against full runs.

The oracle copies the weights of a part from one module into a copy of the other and runs it whole; for the ledger it
reads what the part wrote there, by a direction that it makes of the final norm itself. Modules attend eagerly, as
recorded runs do: their softmax is in float32, so that others differ by its rounding.
"""

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn

import unembed
from builders.random_models import build, build_eager
from unembed.errors import InputError, ModelError
from unembed.methods.transplants import logits_with, part_names

TOKENS, TARGET, VERSUS = [3, 14, 15, 9, 2, 6], 7, 11
PARTS = {
    "llama": {"attention": ("self_attn", "input_layernorm"), "mlp": ("mlp", "post_attention_layernorm")},
    "mixtral": {"attention": ("self_attn", "input_layernorm"), "mlp": ("mlp", "post_attention_layernorm")},
    "gemma2": {
        "attention": ("self_attn", "input_layernorm", "post_attention_layernorm"),
        "mlp": ("mlp", "pre_feedforward_layernorm", "post_feedforward_layernorm"),
    },
    "gpt2": {"attention": ("attn", "ln_1"), "mlp": ("mlp", "ln_2")},
}
"""Which modules of a block are a part."""
BLOCKS = {"gpt2": "transformer.h"}
OUTER = {
    "embedding": {"gpt2": ["transformer.wte", "transformer.wpe"]},
    "readout": {"gpt2": ["transformer.ln_f", "lm_head"]},
}


def _pair(kind: str, **more: Any) -> tuple[Any, Any]:
    return build_eager(kind, **more), build_eager(kind, seed=1, **more)


def _put(module: Any, other: Any, kind: str, label: str) -> None:
    """Copy the weights of one part, in place."""
    if label in OUTER:
        plain = ["model.embed_tokens"] if label == "embedding" else ["model.norm", "lm_head"]
        names = OUTER[label].get(kind, plain)
    else:
        layer, what = label[1:].split(" ")
        prefix = f"{BLOCKS.get(kind, 'model.layers')}.{layer}"
        names = [f"{prefix}.{name}" for name in PARTS[kind]["attention" if what == "attn" else "mlp"]]
    for name in names:
        module.get_submodule(name).load_state_dict(other.get_submodule(name).state_dict())


def _with(module: Any, other: Any, kind: str, *labels: str) -> Any:
    made = copy.deepcopy(module)
    for label in labels:
        _put(made, other, kind, label)
    return made


def _logits(module: Any) -> torch.Tensor:
    with torch.no_grad():
        return module(torch.tensor([TOKENS])).logits[0, -1].double()


def _number(logits: torch.Tensor) -> float:
    return float(logits[TARGET] - logits[VERSUS])


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_alone_and_parts_together_are_full_runs_with_these_weights(kind: str) -> None:
    module, other = _pair(kind)
    found = unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(other), TARGET, versus=VERSUS)
    assert found.readout.value == pytest.approx(_number(_logits(module)), abs=1e-10)
    assert found.difference == pytest.approx(_number(_logits(other)) - found.readout.value, abs=1e-10)
    tied = module.config.tie_word_embeddings  # a copy of one would be one of the other
    outer = {"embedding", "readout"} if tied else set()
    for change in found.changes:
        if change.label not in outer:
            alone = _with(module, other, kind, change.label)
            assert change.alone == pytest.approx(_number(_logits(alone)), abs=1e-9), change.label
    assert [len(each.labels) for each in found.together] == [1, 2, 3, 4, 5, len(found.changes)]
    for each in found.together[:-1]:
        if not outer & {*each.labels}:
            logits = _logits(_with(module, other, kind, *each.labels))
            assert each.value == pytest.approx(_number(logits), abs=1e-9), each.labels
            assert each.top.token == int(logits.argmax())
            assert each.target.probability == pytest.approx(float(logits.softmax(-1)[TARGET]), abs=1e-10)
    assert found.together[-1].value == pytest.approx(found.other.value, abs=1e-9)


def _written(module: Any, layer: int, what: str) -> torch.Tensor:
    """What a part of a llama writes at the last position."""
    block, kept = module.model.layers[layer], []
    part = block.self_attn if what == "attn" else block.mlp
    hook = part.register_forward_hook(lambda _, __, out: kept.append(out[0] if isinstance(out, tuple) else out))
    _logits(module)
    hook.remove()
    return kept[0].reshape(-1, kept[0].shape[-1])[-1].double()


def _direction(module: Any) -> torch.Tensor:
    kept: list[torch.Tensor] = []
    hook = module.model.norm.register_forward_hook(lambda _, args, out: kept.extend((args[0], out)))
    _logits(module)
    hook.remove()
    x, made = (each[0, -1].double() for each in kept)
    rows, gain = module.lm_head.weight.detach(), module.model.norm.weight.detach()
    scale = (made @ made) / (made @ (gain * x))  # it takes the mean of the squares in float32
    return (rows[TARGET] - rows[VERSUS]) * gain * scale


def test_the_ledger_of_the_difference() -> None:
    module, other = _pair("llama", layers=2)
    found = unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(other), TARGET, versus=VERSUS)
    w = (_direction(module) + _direction(other)) / 2
    for change in found.changes:
        if change.layer is None:
            continue
        layer, what = change.layer, change.label.split(" ")[1]
        aa, bb = (_written(each, layer, what) for each in (module, other))
        ba = _written(_with(module, other, "llama", change.label), layer, what)
        ab = _written(_with(other, module, "llama", change.label), layer, what)
        assert change.weights == pytest.approx(float(w @ (ba - aa + bb - ab)) / 2, abs=1e-10), change.label
        assert change.input == pytest.approx(float(w @ (ab - aa + bb - ba)) / 2, abs=1e-10), change.label
    first, last = found.changes[0], found.changes[-1]
    rows = [each.model.embed_tokens.weight[TOKENS[-1]].double() for each in (module, other)]
    assert (first.weights, first.input) == (pytest.approx(float(w @ (rows[1] - rows[0])), abs=1e-10), 0)
    read = [_number(_logits(_with(a, b, "llama", "readout"))) for a, b in ((module, other), (other, module))]
    values = found.readout.value, found.other.value
    unit = torch.finfo(torch.float32).eps  # in which the norm takes a mean, of one row here and of six there
    weights = (read[0] - values[0] + values[1] - read[1]) / 2
    assert last.weights == pytest.approx(weights, abs=unit * sum(map(abs, (*read, *values))))
    assert found.rounding == 0
    assert math.fsum(change.value for change in found.changes) == pytest.approx(found.difference, abs=found.tolerance)


def test_swapping_the_models_changes_signs_alone() -> None:
    models = [unembed.wrap(module) for module in _pair("gemma2")]
    there, back = (unembed.compare_weights(a, TOKENS, b, TARGET) for a, b in (models, models[::-1]))
    assert there.difference == -back.difference
    for one, other in zip(there.changes, back.changes, strict=True):
        assert (one.label, one.weights, one.input) == (
            other.label, pytest.approx(-other.weights, abs=1e-10), pytest.approx(-other.input, abs=1e-10)
        )  # fmt: skip


def test_parts_whose_weights_are_the_same_have_no_share_by_weights() -> None:
    """To the last bit, and nothing is put in for them; what they read may be another."""
    module = build("llama")
    other = _with(module, build("llama", seed=1), "llama", "L1 mlp")
    found = unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(other), TARGET)
    by = {change.label: change for change in found.changes}
    assert {name for name, change in by.items() if change.weights} == {"L1 mlp"}
    assert {name for name, change in by.items() if change.alone != found.readout.value} == {"L1 mlp"}
    assert by["L2 mlp"].input != 0
    assert [len(each.labels) for each in found.together] == [1, len(by)]
    assert by["L0 mlp"].value == by["embedding"].value == by["L1 attn"].value == 0
    assert by["L1 mlp"].alone == pytest.approx(found.other.value, abs=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_sum_closes_in_other_types(dtype: torch.dtype) -> None:
    models = [unembed.wrap(module) for module in _pair("llama", dtype=dtype)]
    found = unembed.compare_weights(models[0], TOKENS, models[1], TARGET)
    assert bool(found.rounding) == (dtype == torch.bfloat16)
    error = math.fsum(change.value for change in found.changes) + found.rounding - found.difference
    assert abs(error) <= found.tolerance < 0.01


def test_the_default_asks_for_the_other_answer_against_the_own_one() -> None:
    module, other = _pair("llama")
    found = unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(other))
    answers = [int(_logits(each).argmax()) for each in (module, other)]
    assert (found.readout.target, found.readout.versus) == (answers[1], answers[0])
    assert found.together[-1].top.token == answers[1]


def test_all_subsets_agree_with_the_other_model_at_their_ends() -> None:
    runs = tuple(unembed.record(unembed.wrap(module), TOKENS) for module in _pair("gpt2", n_layer=2))
    pair, names = (runs[0], runs[1]), part_names(runs[0].model)
    for chosen, run in (([], runs[0]), (names, runs[1])):
        assert torch.allclose(logits_with(pair, chosen, 5), run.logits[5], atol=1e-10, rtol=0)


# ------------------------------------------------------------ bad input


def test_models_of_other_shapes_are_refused_by_what_differs() -> None:
    model = unembed.wrap(build("llama"))
    for other, what in (
        (build("llama", layers=2), "a number of layers of"),
        (build("mistral"), "the type"),
        (build("llama", dtype=torch.float32), "the precision float64.* float32.*--dtype"),
        (build("llama", intermediate_size=24), "a number of neurons in layer 0 of"),
    ):
        with pytest.raises(InputError, match=rf"(?s)two sets of weights of one architecture: .* has {what}"):
            unembed.compare_weights(model, TOKENS, unembed.wrap(other))


def test_another_tokenizer_is_refused() -> None:
    from builders.results import hostile_model

    model, other = hostile_model(), hostile_model()
    assert model.tokenizer is not None
    assert other.tokenizer is not None
    other.tokenizer.add_tokens(["more"])
    with pytest.raises(InputError, match=r"Expected one tokenizer: 'more' is token None of .*, and \d+ of"):
        unembed.compare_weights(model, TOKENS, other)


def test_models_whose_norms_act_on_the_stream_are_refused() -> None:
    from builders.masked_models import build_masked

    model = unembed.wrap(build_masked("bert"))
    with pytest.raises(InputError, match=r"plain sum of what they write; .* has norms that act on the stream"):
        unembed.compare_weights(model, TOKENS, model, position=2)


def test_a_difference_that_is_no_weight_is_refused() -> None:
    """The same weights, another base of the rotary embedding: no transplant of weights gives the other model."""
    module = build("llama")
    other = build("llama", rope_parameters={"rope_type": "default", "rope_theta": 7.0})
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True))
    with pytest.raises(ModelError, match=r"(?s)with every weight of .*more than their weights: .*rope"):
        unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(other), TARGET)


def test_an_adapter_against_its_base() -> None:
    """Unmerged or merged, the parts that it changes are those that it is of."""
    import peft

    module = build("llama")
    settings = peft.LoraConfig(r=2, target_modules=["down_proj"], init_lora_weights=False, layers_to_transform=[1])
    tuned: Any = peft.get_peft_model(copy.deepcopy(module), settings, autocast_adapter_dtype=False).eval()
    found = unembed.compare_weights(unembed.wrap(module), TOKENS, unembed.wrap(tuned), TARGET)
    assert {change.label for change in found.changes if change.weights} == {"L1 mlp"}
    assert isinstance(tuned, nn.Module)
