"""Layers of the stream are counted by blocks, with "emb" for what enters the first."""

import pytest
import torch

import unembed
from builders.random_models import build
from unembed.runs.states import layer_of, state_of

TOKENS = [3, 50, 7, 11, 96]


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "gemma2"])
def test_lens_readout_direction_and_run_mean_the_same_layer(model_type: str) -> None:
    """Each against the stream that the modules themselves pass on."""
    model = unembed.wrap(build(model_type))
    entered, left = {}, {}
    for index, block in enumerate(model.blocks):
        block.module.register_forward_pre_hook(lambda _, args, i=index: entered.update({i: args[0][0]}))
        block.module.register_forward_hook(
            lambda _, __, out, i=index: left.update({i: (out if isinstance(out, torch.Tensor) else out[0])[0]})
        )
    with torch.no_grad():
        model.module(torch.tensor([TOKENS]), use_cache=False)
    entered, left = dict(entered), dict(left)
    run = unembed.record(model, TOKENS)
    for layer, stream in [("emb", entered[0]), *left.items(), (-1, left[model.layers - 1])]:
        assert torch.allclose(run.after(layer), stream, atol=1e-6)
        by_hand = torch.ones(model.d_model, dtype=torch.float64) @ stream[-1].double()
        read = unembed.read_direction(run, [1.0] * model.d_model, layer=layer)
        assert read.value == pytest.approx(float(by_hand), abs=1e-5)
        assert unembed.decompose(read).sum == pytest.approx(float(by_hand), abs=1e-5)
        with torch.no_grad():
            logits = model.unembed_normed(model.norm(stream[-1:]))[0]
            logits = logits if model.softcap is None else model.softcap * torch.tanh(logits / model.softcap)
        assert unembed.readout(run, 7, reference="raw", layer=layer).value == pytest.approx(float(logits[7]), abs=1e-4)
        seen = unembed.lens(run, 7, layers=[layer], positions=[-1])
        assert seen.layers == (layer if layer != -1 else model.layers - 1,)
        assert float(seen.target_probability[0, 0]) == pytest.approx(float(logits.softmax(-1)[7]), abs=1e-5)
    for index in range(model.layers):
        assert torch.allclose(run.before(index), entered[index], atol=1e-6)


def test_every_layer_is_the_embedding_and_the_blocks() -> None:
    model = unembed.wrap(build("llama"))
    whole = unembed.lens(model, TOKENS)
    assert whole.layers == ("emb", 0, 1, 2)
    assert whole.to_polars()["layer"].unique().to_list() == [None, 0, 1, 2]
    assert unembed.readout(model, TOKENS).layer == 2
    assert [state_of(layer, 3) for layer in ("emb", 0, 2, -1, -3, None)] == [0, 1, 3, 3, 1, 3]
    assert [layer_of(state) for state in range(4)] == ["emb", 0, 1, 2]


@pytest.mark.parametrize("layer", [3, -4, "embedding"])
def test_no_other_layer_is_there(layer: int | str) -> None:
    model = unembed.wrap(build("llama"))
    run = unembed.record(model, TOKENS)
    for ask in (
        lambda: unembed.lens(run, layers=[layer]),
        lambda: unembed.readout(run, layer=layer) if layer != "embedding" else run.after(3),
        lambda: run.after(-4),
    ):
        with pytest.raises(
            unembed.InputError, match="is outside the model: expected 'emb' for what enters it, or 0 to 2"
        ):
            ask()
