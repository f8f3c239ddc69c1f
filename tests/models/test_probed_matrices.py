"""Layers that store no matrix: quantised ones (stand-ins that compute the same) and unmerged adapters.

The oracle of a quantised layer is the model with plain matrices of the values that its codes stand for; the oracle of
an adapter is peft's own merged model in float64.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.builders.random_models import build
from torch import nn

import unembed
from unembed.errors import InputError, ModelError
from unembed.methods.knowledge.weight_edits import added, weight_edits
from unembed.models.layers import bias, matrix_shape, projection
from unembed.models.probed_matrices import probed_matrix

TOKENS = [3, 14, 15, 9, 2, 6]
NF4 = [-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0, 0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626,
       0.7230, 1.0]  # fmt: skip


class _Quantised(nn.Module):
    """No matrix and no parameter is there: codes and scales are buffers."""

    codes: torch.Tensor
    scale: torch.Tensor
    offset: torch.Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.store(linear.weight.detach())
        self.register_buffer("offset", None if linear.bias is None else linear.bias.detach())

    def store(self, weight: torch.Tensor) -> None:
        raise NotImplementedError

    def dequantised(self) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, x):
        return nn.functional.linear(x, self.dequantised().to(x.dtype), self.offset)


class _Int8(_Quantised):
    """A scale for each row."""

    def store(self, weight):
        scale = weight.abs().amax(1, keepdim=True) / 127
        self.register_buffer("codes", (weight / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    def dequantised(self):
        return self.codes.to(self.scale.dtype) * self.scale


class _FourBit(_Quantised):
    """A code book, two codes a byte, and a scale for each 8 numbers."""

    def store(self, weight):
        groups = weight.reshape(-1, 8)
        scale = groups.abs().amax(1, keepdim=True)
        codes = ((groups / scale)[..., None] - torch.tensor(NF4, dtype=weight.dtype)).abs().argmin(-1).to(torch.uint8)
        self.register_buffer("codes", codes[:, ::2] * 16 + codes[:, 1::2])
        self.register_buffer("scale", scale)

    def dequantised(self):
        codes = torch.stack((self.codes // 16, self.codes % 16), -1).flatten(1).long()
        book = torch.tensor(NF4, dtype=self.scale.dtype)
        return (book[codes] * self.scale).view(self.out_features, self.in_features)


class _Float8(_Quantised):
    def store(self, weight):
        self.register_buffer("scale", weight.abs().max() / 448)
        self.register_buffer("codes", (weight / self.scale).to(torch.float8_e4m3fn))

    def dequantised(self):
        return self.codes.to(self.scale.dtype) * self.scale


class _RoundsWhatItReads(_Int8):
    """Activations in 8 bits as well, a scale for each row: not linear."""

    def forward(self, x):
        scale = x.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny) / 127
        return super().forward((x / scale).round() * scale)


class _Clips(_Int8):
    def forward(self, x):
        return super().forward(x.clamp(-20, 20))


def _with(module: Any, made: Callable[[nn.Linear], nn.Module]) -> Any:
    for name, layer in list(module.named_modules()):
        if type(layer) is nn.Linear and name != "lm_head":
            module.set_submodule(name, made(layer))
    return module


def _plain(layer: _Quantised) -> nn.Linear:
    plain = nn.Linear(layer.in_features, layer.out_features, bias=layer.offset is not None, dtype=layer.scale.dtype)
    plain.weight = nn.Parameter(layer.dequantised())
    if layer.offset is not None:
        plain.bias = nn.Parameter(layer.offset)
    return plain


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [_Int8, _FourBit, _Float8])
@pytest.mark.parametrize("biased", [False, True])
def test_the_matrix_is_what_the_codes_stand_for(kind: type, dtype: torch.dtype, biased: bool) -> None:
    """Exactly without an offset; beside one, to a unit of the entry, and of the offset's 2^-16 part (float16: 2^-8)."""
    torch.manual_seed(0)
    linear = nn.Linear(24, 16, bias=biased, dtype=dtype)
    if biased:
        linear.bias.data *= 50
    layer = kind(linear)
    found, expected = projection(layer), layer.dequantised().T
    assert matrix_shape(layer) == tuple(found.shape) == (24, 16)
    assert found.dtype == dtype
    unit = torch.finfo(dtype).eps * biased
    beside = 0 if not biased else linear.bias.double().abs() * 2.0 ** -(8 if dtype == torch.float16 else 16)
    assert ((found - expected).double().abs() <= unit * (2 * expected.double().abs() + beside)).all()
    found = bias(layer)
    assert found is not None
    assert torch.equal(found, linear.bias if biased else torch.zeros(16, dtype=dtype))


def test_more_rows_than_are_given_at_once() -> None:
    layer = _Int8(nn.Linear(2500, 8, bias=False))
    assert torch.equal(projection(layer), layer.dequantised().T)


@pytest.mark.parametrize("kind", [_Int8, _FourBit, _Float8])
def test_a_quantised_model_is_the_one_of_its_values(kind: type) -> None:
    module = _with(build("llama"), kind)
    plain = copy.deepcopy(module)
    for name, layer in list(plain.named_modules()):
        if isinstance(layer, _Quantised):
            plain.set_submodule(name, _plain(layer))
    found, expected = (unembed.wrap(each) for each in (module, plain))
    for by in ("head", "source+neuron"):
        mine, other = (unembed.decompose(unembed.readout(unembed.record(m, TOKENS)), by=by) for m in (found, expected))
        a, b = ({t.label: t.value for t in ledger.terms()} for ledger in (mine, other))
        assert {name for name in a if abs(a[name]) > 1e-12} == {name for name in b if abs(b[name]) > 1e-12}
        assert all(a[name] == pytest.approx(b[name], abs=1e-10) for name in b)
    ranked = [unembed.words(m, TOKENS, 7, by="token", how="mask", compare=True).rankings for m in (found, expected)]
    for mine, other in zip(*ranked, strict=True):
        assert mine.values == pytest.approx(other.values, abs=1e-9), mine.method


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [_Int8, _FourBit])
def test_in_16_bits(kind: type, dtype: torch.dtype) -> None:
    """`wrap` holds the ledger's sum, and each product's rounding, to what 16 bits explain."""
    unembed.wrap(_with(build("llama", dtype=dtype), kind))


def _adapted(module, **more) -> Any:
    import peft

    targets = ["q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"]
    settings = peft.LoraConfig(r=4, target_modules=targets, init_lora_weights=False, **more)
    return peft.get_peft_model(module, settings, autocast_adapter_dtype=False).eval()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_unmerged_adapter_is_the_merged_one() -> None:
    module = _adapted(build("llama"))
    merged = copy.deepcopy(module).merge_and_unload()
    found, expected = (unembed.wrap(each) for each in (module, merged))
    mine, other = (unembed.decompose(unembed.readout(run, 5), by="source+neuron") for run in _runs(found, expected))
    assert {t.label for t in mine.terms()} >= {t.label for t in other.terms()}
    values = {t.label: t.value for t in mine.terms()}
    assert all(values[t.label] == pytest.approx(t.value, abs=1e-10) for t in other.terms())
    nodes, others = (unembed.graph(run, 5, nodes=12) for run in _runs(found, expected))
    assert nodes.value == pytest.approx(others.value, abs=1e-10)
    mine, other = _edges(nodes), _edges(others)
    for edge in mine.keys() | other.keys():  # an edge of rounding alone may be in one of them
        assert mine.get(edge, 0.0) == pytest.approx(other.get(edge, 0.0), abs=1e-9), edge


def _runs(*models):
    return [unembed.record(model, TOKENS) for model in models]


def _edges(found):
    return {(str(e.source), str(e.target)): e.worth for e in found.edges}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_an_unmerged_adapter_in_other_types(dtype: torch.dtype) -> None:
    """Each layer of an adapter rounds by itself; `wrap` raises where more is lost than they may."""
    unembed.wrap(_adapted(build("llama", dtype=dtype)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", [_RoundsWhatItReads, _Clips])
def test_a_layer_that_is_not_linear_is_refused_by_name(kind: type, dtype: torch.dtype) -> None:
    module = build("llama", dtype=dtype, intermediate_size=256)
    module.model.layers[1].mlp.down_proj = kind(module.model.layers[1].mlp.down_proj)
    with pytest.raises(ModelError, match=rf"Expected a linear layer, found .*\.{kind.__name__}, which is not linear"):
        unembed.wrap(module)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_torchs_own_dynamic_quantisation() -> None:
    module = build("llama", dtype=torch.float32)
    module.model.layers[0].mlp.down_proj = torch.ao.nn.quantized.dynamic.Linear.from_float(
        _with_config(module.model.layers[0].mlp.down_proj)
    )
    with pytest.raises(ModelError, match=r"Expected a linear layer, found torch\..*Linear, which is not linear"):
        unembed.wrap(module)


def _with_config(linear: nn.Linear) -> nn.Linear:
    linear.qconfig = torch.ao.quantization.default_dynamic_qconfig
    return linear


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_adapter_of_the_unembedding_must_be_merged() -> None:
    import peft

    settings = peft.LoraConfig(r=4, target_modules=["lm_head"], init_lora_weights=False)
    module: Any = peft.get_peft_model(build("llama"), settings, autocast_adapter_dtype=False).eval()
    with pytest.raises(ModelError, match=r"adapter that is not merged.*peft"):
        unembed.wrap(module)


def test_a_layer_that_cannot_be_run_here_is_refused_by_name() -> None:
    class NoKernel(_Int8):
        def forward(self, x):
            raise NotImplementedError("no kernel for this device")

    with pytest.raises(ModelError, match=r"NoKernel cannot be run as a linear layer here: no kernel for this device"):
        probed_matrix(NoKernel(nn.Linear(4, 4)))


def test_weights_that_are_not_stored_are_not_edited() -> None:
    """An edit would change a copy, and nothing would say so."""
    model = unembed.wrap(_with(build("llama"), _Int8))
    with pytest.raises(InputError, match=r"does not store the matrix .*_Int8.*cannot be edited in place"):
        weight_edits(model, [added(1, [0], torch.ones(model.d_model))], "an edit")


def test_probes_are_no_part_of_what_is_watched() -> None:
    layer, seen = _Int8(nn.Linear(8, 8)), []
    layer.register_forward_hook(lambda *_: seen.append(1))
    projection(layer)
    assert not seen
