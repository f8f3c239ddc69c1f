"""What is refused, with its message and the exit code it gets."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import unembed
from builders.random_models import MODEL_TYPES, VOCAB, build
from oracles import oracle
from unembed.errors import InputError, LedgerError, ModelError, UnembedError
from unembed.models import families

TOKENS = [3, 50, 7, 11, 96, 17, 19, 5, 3]


@pytest.fixture
def rows(monkeypatch):
    """The table of families, put back after the test."""
    monkeypatch.setattr(families, "_families", dict(families._families))
    return families._families


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama"), name="tiny")


@pytest.fixture(scope="module")
def trace(model: unembed.Model) -> unembed.Run:
    return unembed.record(model, TOKENS)


def test_exit_codes() -> None:
    codes = {error: error.exit_code for error in (UnembedError, InputError, ModelError, LedgerError)}
    assert list(codes.values()) == [1, 2, 3, 4]
    assert all(issubclass(error, UnembedError) for error in codes)


# Models there is no row for


def small(model_type: str, **values):
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(model_type, vocab_size=VOCAB, **values)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float64).eval()


@pytest.mark.parametrize(
    ("model_type", "values"),
    [
        ("xlnet", {"d_model": 32, "n_head": 4, "n_layer": 2, "d_inner": 48}),
        ("xlm", {"emb_dim": 32, "n_heads": 4, "n_layers": 2, "causal": True, "n_words": VOCAB}),
    ],
)
def test_a_type_whose_logit_is_no_such_sum(model_type: str, values: dict) -> None:
    """It has no row, and inference says why there can be none."""
    with pytest.raises(ModelError, match="cannot be taken apart: ") as caught:
        unembed.wrap(small(model_type, **values))
    assert caught.value.exit_code == 3


def test_an_unknown_type() -> None:
    with pytest.raises(ModelError, match="Model type 'made-up' is not supported") as caught:
        families.family_of(SimpleNamespace(model_type="made-up"))
    message = str(caught.value)
    assert all(name in message for name in MODEL_TYPES), "the list of what is supported"
    assert "docs/families.md" in message


def test_a_row_that_was_added_is_used(rows) -> None:
    """The same blocks under another name: adding the row is all it takes."""
    module = build("llama")
    module.config.model_type = "mine"
    unembed.register(replace(rows["llama"], model_type="mine"))
    ledger = unembed.decompose(unembed.readout(unembed.record(unembed.wrap(module), TOKENS), 12), by="source+neuron")
    assert abs(ledger.error) <= ledger.tolerance
    assert "mine" in families.supported()


@pytest.mark.parametrize(
    ("model_type", "overrides", "message"),
    [
        ("opt", {"do_layer_norm_before": False}, "opt with do_layer_norm_before=False is not supported.*post-LN"),
        ("opt", {"_remove_final_layer_norm": True}, "opt with _remove_final_layer_norm=True .*no final norm"),
        ("opt", {"word_embed_proj_dim": 16}, "The stream is 32 wide, but the embedding has 16"),
        ("gpt2", {"add_cross_attention": True}, "gpt2 with add_cross_attention=True .*cross-attention writes"),
        ("gemma3_text", {"use_bidirectional_attention": True}, "use_bidirectional_attention=True .*later tokens"),
    ],
)
def test_a_configuration_a_row_does_not_cover(model_type: str, overrides: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        unembed.wrap(build(model_type, **overrides))


# Rows that are wrong


def off_by(message: str) -> tuple[float, float]:
    """The error a message tells, and what it says rounding explains."""
    found = re.search(r"off by ([\d.e+-]+).* rounding explains at most ([\d.e+-]+)", message.replace(":", " "))
    assert found, message
    return tuple(float(number.rstrip(".")) for number in found.groups())


@pytest.mark.parametrize(
    ("model_type", "changes"),
    [
        ("gemma2", {"writes": ("self_attn", "mlp")}),
        ("olmo2", {"writes": ("self_attn", "mlp")}),
        ("llama", {"final_norm": "model.layers.0.input_layernorm"}),
        ("llama", {"final_norm": "model.layers.2.post_attention_layernorm"}),
        ("llama", {"writes": ("self_attn", "self_attn")}),
        ("llama", {"output_projection": "self_attn.q_proj"}),
        ("gpt2", {"position_embedding": None}),
        ("gpt_neox", {"embedding": "gpt_neox.layers.0.input_layernorm"}),
        ("opt", {"position_embedding": "model.decoder.embed_tokens"}),
        ("gemma2", {"logit_softcap": None}),
    ],
    ids=str,
)
def test_a_wrong_row_is_refused_and_says_by_how_much(rows, model_type: str, changes: dict) -> None:
    module = build(model_type)
    unembed.wrap(module)  # as it is, it passes
    rows[model_type] = replace(rows[model_type], **changes)
    with pytest.raises(ModelError, match=f"does not agree with the row of its family .{model_type}.") as caught:
        unembed.wrap(module)
    error, explained = off_by(str(caught.value))
    assert error > 100 * explained
    assert explained < 1e-3
    assert caught.value.exit_code == 3


def test_how_much_a_wrong_row_is_off_by_is_right(rows) -> None:
    """Without the position embedding of gpt2 the stream lacks just that."""
    module = build("gpt2")
    rows["gpt2"] = replace(rows["gpt2"], position_embedding=None)
    with pytest.raises(ModelError) as caught:
        unembed.wrap(module)
    expected = float(module.transformer.wpe.weight[:5].detach().abs().max())
    assert off_by(str(caught.value))[0] == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize(
    ("model_type", "changes", "part"),
    [
        ("llama", {"output_projection": "self_attn.c_proj"}, "self_attn.c_proj"),
        ("llama", {"blocks": "transformer.h"}, "transformer.h"),
        ("llama", {"final_norm": "model.final_norm"}, "model.final_norm"),
        ("mixtral", {"experts": None}, "mlp.down_proj"),
    ],
)
def test_a_row_naming_a_part_that_is_not_there(rows, model_type: str, changes: dict, part: str) -> None:
    module = build(model_type)
    rows[model_type] = replace(rows[model_type], **changes)
    with pytest.raises(ModelError, match=f"to have a part '{part}', found none"):
        unembed.wrap(module)


@pytest.mark.parametrize(
    "changes",
    [
        {"writes": ("mlp.down_proj", "mlp")},
        {"final_norm": "model.layers.0.self_attn"},
        {"attention": "mlp"},
        {"output_projection": "mlp.down_proj"},
        {"down_projection": "mlp.up_proj"},
        {"writes": ("self_attn", "mlp.up_proj")},
        {"writes": ("mlp.gate_proj", "mlp")},
    ],
    ids=str,
)
def test_a_row_naming_parts_of_another_kind_is_refused(rows, changes: dict) -> None:
    rows["llama"] = replace(rows["llama"], **changes)
    with pytest.raises(ModelError):
        unembed.wrap(build("llama"))


def test_code_that_differs_from_its_row_is_refused() -> None:
    """The row is right, but this module scales what its last block gives: no write accounts for it."""
    module = build("llama")
    module.model.layers[2].register_forward_hook(lambda m, args, out: out * 1.01)
    with pytest.raises(ModelError, match=r"sum of embedding and writes (is )?off by \d"):
        unembed.wrap(module)


def test_logits_that_the_head_does_not_give_are_refused() -> None:
    """A multiplier behind the unembedding (as of Granite or Cohere) is in no term."""
    module = build("llama")
    forward = module.forward

    def scaled(*args, **kwargs):
        out = forward(*args, **kwargs)
        out.logits = out.logits * 0.5
        return out

    module.forward = scaled
    with pytest.raises(ModelError, match="does not agree with the row of its family"):
        unembed.wrap(module)


# Modules that cannot be decomposed


def test_training_mode() -> None:
    with pytest.raises(ModelError, match=r"in training mode, so dropout .* Call `model.eval\(\)` first"):
        unembed.wrap(build("gpt2").train())


class _Packed(nn.Module):
    """Stands in for a quantised layer: integers and a scale instead of a matrix."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        scale = linear.weight.detach().abs().max() / 127
        self.weight = nn.Parameter((linear.weight.detach() / scale).round().to(torch.int8), requires_grad=False)
        self.scale, self.bias = scale, linear.bias

    def forward(self, x):
        return nn.functional.linear(x, self.weight.to(x.dtype) * self.scale, self.bias)


class _Adapted(nn.Linear):
    """Stands in for a LoRA layer: the weight is not all that it adds."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=linear.bias is not None, dtype=torch.float64)
        self.load_state_dict(linear.state_dict())
        self.extra = nn.Parameter(0.01 * torch.ones_like(self.weight))

    def forward(self, x):
        return super().forward(x) + x @ self.extra.T


@pytest.mark.parametrize(
    ("place", "wrapper"),
    [
        ("model.layers.1.self_attn.o_proj", _Packed),
        ("model.layers.2.mlp.down_proj", _Packed),
        ("lm_head", _Packed),
        ("lm_head", _Adapted),
    ],
)
def test_layers_that_are_no_plain_matrix(place: str, wrapper: type) -> None:
    """One that does not say how many numbers it takes and makes, and what makes the logits."""
    module = build("llama")
    module.set_submodule(place, wrapper(module.get_submodule(place)))
    with pytest.raises(
        ModelError, match=rf"Expected a plain Linear .* found tests\.models\.test_refusals\.{wrapper.__name__}"
    ) as caught:
        unembed.wrap(module)
    assert "Give the model before" in str(caught.value)
    assert caught.value.exit_code == 3


def test_quantised_experts() -> None:
    module = build("mixtral")
    experts = module.model.layers[1].mlp.experts
    experts.down_proj = nn.Parameter(experts.down_proj.detach().mul(50).round().to(torch.int8), requires_grad=False)
    with pytest.raises(ModelError, match=r"Expected a plain Linear .* found .*MixtralExperts"):
        unembed.wrap(module)


def test_plain_layers_that_are_adapted_elsewhere_are_fine() -> None:
    """Only the two projections and the unembedding must be matrices: a query may be computed in any way."""
    module = build("llama")
    module.model.layers[1].self_attn.q_proj = _Adapted(module.model.layers[1].self_attn.q_proj)
    trace, run = unembed.record(unembed.wrap(module), TOKENS), oracle.Run(module, TOKENS)
    found = oracle.terms_of(unembed.decompose(unembed.readout(trace, 12, reference="raw"), by="source+neuron"))
    oracle.compare(found, run.ledger(8, 3, attention="source", mlp="neuron", target=12)[1])


@pytest.mark.parametrize(("part", "layer"), [("attention", 0), ("MLP", 1), ("attention", 2)])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite(value: float, part: str, layer: int) -> None:
    module = build("mistral")
    block = module.model.layers[layer]
    with torch.no_grad():
        (block.self_attn.o_proj if part == "attention" else block.mlp.down_proj).weight[3, 5] = value
    with pytest.raises(ModelError, match=rf"not finite \(NaN or infinity\).* the {part} of layer {layer}"):
        unembed.wrap(module)


@pytest.mark.parametrize("place", ["model.norm", "model.layers.1.post_feedforward_layernorm"])
def test_norms_that_are_not_finite(place: str) -> None:
    module = build("gemma2")
    with torch.no_grad():
        module.get_submodule(place).weight[3] = torch.nan
    with pytest.raises(ModelError):
        unembed.wrap(module)


# Prompts


def test_an_empty_prompt(model: unembed.Model, tiny_tokenizer) -> None:
    with pytest.raises(InputError, match="The prompt is empty: expected at least one token") as caught:
        unembed.record(model, [])
    assert caught.value.exit_code == 2
    with pytest.raises(InputError, match="The prompt is empty"):
        unembed.record(unembed.wrap(build("llama"), tiny_tokenizer), "")


def test_a_prompt_beyond_the_context() -> None:
    small = unembed.wrap(build("gpt2", context=12), name="small")
    with pytest.raises(InputError, match="The prompt has 13 tokens, but small reads at most 12"):
        unembed.record(small, [1] * 13)


@pytest.mark.parametrize("token", [VOCAB, -1, 10**9])
def test_a_token_outside_the_vocabulary(model: unembed.Model, token: int) -> None:
    with pytest.raises(InputError, match=rf"Token ids \[{token}\] are outside the vocabulary of {VOCAB} tokens"):
        unembed.record(model, [1, token])


def test_text_without_a_tokenizer(model: unembed.Model, trace: unembed.Run) -> None:
    with pytest.raises(InputError, match="tiny has no tokenizer: give token ids instead of text"):
        unembed.record(model, "the capital")
    with pytest.raises(InputError, match="tiny has no tokenizer: give the target as a token id"):
        unembed.readout(trace, "Paris")


@pytest.mark.parametrize("position", [9, -10, 100])
def test_a_position_outside_the_prompt(model: unembed.Model, trace: unembed.Run, position: int) -> None:
    message = rf"Position {position} is outside the prompt: expected -9 to 8"
    for read in (
        lambda: unembed.readout(trace, 12, position=position),
        lambda: unembed.read_direction(trace, [0.0] * 32, position=position),
        lambda: unembed.record(model, TOKENS, positions=[0, position]),
    ):
        with pytest.raises(InputError, match=message):
            read()


# Targets


@pytest.mark.parametrize("target", [VOCAB, -1])
def test_a_target_id_outside_the_vocabulary(trace: unembed.Run, target: int) -> None:
    with pytest.raises(InputError, match=rf"Target {target} is not in the vocabulary of {VOCAB} tokens"):
        unembed.readout(trace, target)
    with pytest.raises(InputError, match=rf"Target {target} is not in the vocabulary"):
        unembed.readout(trace, 12, versus=target)


@pytest.mark.parametrize("text", ["", "   ", "Madrid", "Madrid Paris"])
def test_a_target_text_outside_the_vocabulary(tiny_tokenizer, text: str) -> None:
    trace = unembed.record(unembed.wrap(build("llama"), tiny_tokenizer, name="worded"), "the capital")
    with pytest.raises(InputError, match=f"Target '{text}' is not in the vocabulary of worded"):
        unembed.readout(trace, text)


def test_a_target_text(tiny_tokenizer) -> None:
    """Its first token; the unknown token itself may be asked for by name."""
    trace = unembed.record(unembed.wrap(build("llama"), tiny_tokenizer), "the capital of France is")
    by_id = unembed.readout(trace, 7).value
    assert unembed.readout(trace, "Paris").value == by_id
    assert unembed.readout(trace, "Paris Rome").value == by_id
    assert unembed.readout(trace, "<unk>").value == unembed.readout(trace, 0).value
    versus = unembed.readout(trace, "Paris", versus="Rome")
    assert (versus.target, versus.versus) == (7, 8)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_direction_of_the_wrong_length(trace: unembed.Run, length: int) -> None:
    with pytest.raises(InputError, match=rf"Expected a direction of 32 numbers, found shape \({length},\)"):
        unembed.read_direction(trace, [1.0] * length)


@pytest.mark.parametrize("layer", [3, -4, 99])
def test_a_layer_outside_the_model(trace: unembed.Run, layer: int) -> None:
    message = rf"Layer '?{layer}'? is outside the model: expected 'emb' for what enters it, or 0 to 2"
    with pytest.raises(InputError, match=message):
        unembed.readout(trace, 12, layer=layer)
    with pytest.raises(InputError, match=message):
        unembed.read_direction(trace, [1.0] * 32, layer=layer)


def test_a_head_that_no_longer_adds_up_has_its_own_exit_code(model: unembed.Model) -> None:
    """Weights changed between the run and the decomposition: the heads are those of the run, the matrix is not."""
    module = build("gpt2")
    trace = unembed.record(unembed.wrap(module), TOKENS)
    with torch.no_grad():
        module.transformer.h[1].attn.c_proj.weight.mul_(1.01)
    unembed.decompose(unembed.readout(trace, 12), by="neuron")
    with pytest.raises(LedgerError, match="does not add up") as caught:
        unembed.decompose(unembed.readout(trace, 12), by="head")
    assert caught.value.exit_code == 4


# Typing errors of a caller, which must not pass for something else


@pytest.mark.parametrize("by", ["source+head", "neuron+neuron", "", "Head"])
def test_a_granularity_that_is_none(by: str) -> None:
    trace = unembed.record(unembed.wrap(build("llama")), [3, 4])
    with pytest.raises(InputError, match="Expected a granularity"):
        unembed.decompose(unembed.readout(trace), by=by)


def test_words_that_are_misspelt() -> None:
    model = unembed.wrap(build("llama"))
    with pytest.raises(InputError, match="found 'strem'"):
        unembed.record(model, [3, 4], keep="strem")
    with pytest.raises(InputError, match="found 'men'"):
        unembed.explain(model, [3, 4], reference="men")
    with pytest.raises(InputError, match="No layer is read"):
        unembed.lens(model, [3, 4], layers=[])
    with pytest.raises(InputError, match="No position is kept"):
        unembed.record(model, [3, 4], positions=[])


def test_a_position_named_twice_is_kept_once_and_numpy_integers_are_integers() -> None:
    trace = unembed.record(unembed.wrap(build("llama")), [3, 4, 5], positions=[1, -2, 2])
    assert trace.positions == (1, 2)
    assert unembed.readout(trace, np.int64(7)).value == unembed.readout(trace, 7).value


def test_a_context_shorter_than_the_probe() -> None:
    model = unembed.wrap(build("gpt2", context=3))
    assert unembed.record(model, [1, 2, 3]).logits.shape == (3, model.vocab)


def test_damage_is_named_where_it_is() -> None:
    module = build("llama")
    module.model.norm.weight.data[0] = float("nan")
    with pytest.raises(ModelError, match=r"weights of a norm .* are not finite"):
        unembed.wrap(module)
    module = build("llama")
    module.model.embed_tokens.weight.data[:] = float("nan")
    with pytest.raises(ModelError, match="so is the embedding"):
        unembed.wrap(module)
