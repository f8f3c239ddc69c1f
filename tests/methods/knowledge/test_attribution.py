"""Knowledge attribution against the formula, by straight-line hooks on the unmodified module in float64.

Tolerances: float64 models whose norms or softmax some families compute in float32 (u = 1.2e-7): two ways to run them
differ by up to `SLACK = 64 u` of a probability, as in check.py.
"""

from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import torch

import unembed
from builders.random_models import build
from unembed.errors import InputError, Interrupted
from unembed.methods.knowledge import integrated_gradients
from unembed.methods.knowledge.attribution import LayerPath, NeuronPath, attribute, mean_activations, path_of
from unembed.methods.knowledge.integrated_gradients import MOST_NODES, Paths

TOKENS = (3, 50, 7, 11, 96, 17)
TARGET = (23,)
SLACK = 64 * float(torch.finfo(torch.float32).eps)
DENSE = ("gpt2", "gpt_neo", "gemma2", "phi", "llama", "opt")
MIXED = ("mixtral", "gpt_oss", "qwen3_moe")


def probability(model, tokens, answer, edit=None) -> torch.Tensor:
    """P(answer | tokens) in a full run with eager attention; `edit(layer, x)` may replace a down projection's input."""
    module, ids = model.module, [*tokens, *answer[:-1]]
    with ExitStack() as stack:
        if edit is not None:
            for layer, block in enumerate(model.blocks):
                hook = block.down_projection.register_forward_pre_hook(
                    lambda _, args, layer=layer: (edit(layer, args[0]), *args[1:])
                )
                stack.enter_context(hook)
        before = module.config._attn_implementation
        module.config._attn_implementation = "eager"
        logits = module(torch.tensor([ids]), use_cache=False).logits[0]
        module.config._attn_implementation = before
    first = len(tokens) - 1
    return torch.stack([logits[first + j].softmax(-1)[token] for j, token in enumerate(answer)]).prod()


def activations(model, tokens, answer) -> list[torch.Tensor]:
    kept = {}

    def keep(layer, x):
        kept[layer] = x.reshape(-1, x.shape[-1]).detach().clone()
        return x

    with torch.no_grad():
        probability(model, tokens, answer, keep)
    return [kept[layer] for layer in range(model.layers)]


def moved(layer, row, value):
    """An edit that sets one layer's neurons at the rows from `row` on."""

    def edit(at, x):
        if at != layer:
            return x
        flat = x.reshape(-1, x.shape[-1])
        return torch.cat([flat[:row], value.to(x.dtype)]).view(x.shape)

    return edit


def slope_of_layer(model, tokens, answer, layer, value) -> tuple[float, torch.Tensor]:
    leaf = value.clone().requires_grad_()
    p = probability(model, tokens, answer, moved(layer, len(tokens) - 1, leaf))
    return float(p.detach()), torch.autograd.grad(p, leaf)[0]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("answer", [TARGET, (23, 5, 60)], ids=["one-token", "three-tokens"])
@pytest.mark.parametrize("model_type", DENSE)
def test_layer_path_is_the_authors_riemann_sum(model_type: str, answer: tuple[int, ...]) -> None:
    """`w/m sum_k dP/dw(k/m w)`, k = 1..m, by autograd through full runs."""
    model, m = unembed.wrap(build(model_type)), 5
    found = attribute(model, TOKENS, answer, path=LayerPath("riemann", m))
    own = float(probability(model, TOKENS, answer).detach())
    assert found.probability == pytest.approx(own, rel=SLACK)
    for layer, whole in enumerate(activations(model, TOKENS, answer)):
        w = whole[len(TOKENS) - 1 :]
        slopes = [slope_of_layer(model, TOKENS, answer, layer, w * k / m)[1] for k in range(1, m + 1)]
        expected = (w * sum(slopes) / m).sum(0)
        size = float((w * sum(s.abs() for s in slopes) / m).abs().sum()) + own
        assert torch.allclose(found.values[layer], expected, rtol=0, atol=SLACK * size)
        assert found.layers[layer].sum == pytest.approx(float(expected.sum()), abs=SLACK * size)
        gone = float(probability(model, TOKENS, answer, moved(layer, len(TOKENS) - 1, 0 * w)).detach())
        assert found.layers[layer].change == pytest.approx(own - gone, abs=SLACK * size)


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "phi", "gpt_neo"])
def test_gauss_path_is_the_integral(model_type: str) -> None:
    """Against 64 Gauss-Legendre nodes of full runs; the error is the stated tolerance, spread over neurons."""
    model = unembed.wrap(build(model_type))
    found = attribute(model, TOKENS, TARGET, path=LayerPath(tolerance=1e-4))
    points, weights = np.polynomial.legendre.leggauss(64)
    layer = 1
    w = activations(model, TOKENS, TARGET)[layer][len(TOKENS) - 1 :]
    expected = sum(
        weight / 2 * slope_of_layer(model, TOKENS, TARGET, layer, w * float(a))[1]
        for a, weight in zip((points + 1) / 2, weights, strict=True)
    )
    own = found.probability
    assert float((found.values[layer] - (w * expected).sum(0)).abs().max()) <= 1e-3 * own
    assert all(abs(part.error) <= 1e-4 * own + SLACK for part in found.layers)
    assert [part.error for part in found.layers] == pytest.approx([part.sum - part.change for part in found.layers])


def test_gauss_refines_only_where_it_must() -> None:
    module = build("llama")
    with torch.no_grad():
        module.model.layers[1].mlp.down_proj.weight.mul_(40)  # a path along which P changes fast
    model = unembed.wrap(module)
    coarse, fine = (attribute(model, TOKENS, TARGET, path=LayerPath(tolerance=t)) for t in (0.5, 1e-5))
    assert all(a.nodes <= b.nodes for a, b in zip(coarse.layers, fine.layers, strict=True))
    assert sum(part.nodes for part in fine.layers) > sum(part.nodes for part in coarse.layers)
    fixed = attribute(model, TOKENS, TARGET, path=LayerPath(steps=3))
    assert {part.nodes for part in fixed.layers} == {3}


@pytest.mark.parametrize("model_type", DENSE)
def test_neuron_path_is_the_change_when_one_neuron_is_removed(model_type: str) -> None:
    model = unembed.wrap(build(model_type))
    found = attribute(model, TOKENS, TARGET, path="neuron")
    own = float(probability(model, TOKENS, TARGET).detach())
    row = len(TOKENS) - 1
    for layer, whole in enumerate(activations(model, TOKENS, TARGET)):
        for neuron in range(0, whole.shape[1], 11):
            value = whole[row:].clone()
            value[:, neuron] = 0
            with torch.no_grad():
                gone = float(probability(model, TOKENS, TARGET, moved(layer, row, value)).detach())
            assert float(found.values[layer][neuron]) == pytest.approx(own - gone, abs=SLACK * own)


def test_what_the_model_says_by_itself_is_an_answer_too() -> None:
    model = unembed.wrap(build("llama"))
    model.module.generation_config.eos_token_id = None
    said = model.module.generate(torch.tensor([TOKENS]), max_new_tokens=20, do_sample=False)[0, len(TOKENS) :]
    path, given = LayerPath(steps=2), tuple(said.tolist())
    one, other = attribute(model, TOKENS, "auto", path=path), attribute(model, TOKENS, given, path=path)
    assert one.question == other.question
    assert one.probability == pytest.approx(float(probability(model, TOKENS, given).detach()), rel=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(one.values, other.values, strict=True))
    assert "says by itself" in one.notes[0]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("answer", [TARGET, (23, 5)], ids=["one-token", "two-tokens"])
@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "llama"])
def test_neuron_path_is_the_integral_of_the_printed_formula(model_type: str, answer: tuple[int, ...]) -> None:
    """`w_i * integral of dP(alpha w_i)/dw_i` with the others kept: 64 Gauss-Legendre nodes, full runs and autograd.

    64 nodes are exact to 1e-9 for a path on which P changes as smoothly as one neuron of these models makes it.
    """
    model = unembed.wrap(build(model_type))
    found = attribute(model, TOKENS, answer, path="neuron")
    points, weights = np.polynomial.legendre.leggauss(64)
    row, layer = len(TOKENS) - 1, model.layers - 2
    w = activations(model, TOKENS, answer)[layer][row:]
    best = [score.neuron for score in found.ranked() if score.layer == layer][:2]
    for neuron in best:
        total = 0.0
        for a, weight in zip((points + 1) / 2, weights, strict=True):
            value = w.clone()
            value[:, neuron] *= float(a)
            slope = slope_of_layer(model, TOKENS, answer, layer, value)[1]
            total += weight / 2 * float((w[:, neuron] * slope[:, neuron]).sum())
        assert float(found.values[layer][neuron]) == pytest.approx(total, abs=SLACK * found.probability + 1e-9)


@pytest.mark.parametrize("model_type", MIXED)
def test_mixtures_complete_and_their_neurons_are_those_of_chosen_experts(model_type: str) -> None:
    """The sum over a layer is what removing the experts' neurons (not their biases) does, by a full run.

    In the last layer: below, later routers may choose other experts on the way, where P jumps and completeness fails.
    """
    model = unembed.wrap(build(model_type))
    layer = model.layers - 1
    found = attribute(model, TOKENS, TARGET, path=LayerPath(tolerance=1e-4))
    run = unembed.record(model, TOKENS)
    inputs = run.layers[layer].neurons
    chosen = set(inputs.index[-1].tolist())
    values = found.values[layer]
    assert values.shape[0] == 4
    assert {e for e in range(4) if bool((values[e] != 0).any())} == chosen
    experts = model.blocks[layer].experts

    def silent_neurons(_, args, out):
        out = out.clone()
        out[-1] = 0
        if experts.has_bias:
            for expert, weight in zip(args[1][-1].tolist(), args[2][-1], strict=True):
                out[-1] += weight * experts.down_proj_bias[expert]
        return out

    with experts.register_forward_hook(silent_neurons), torch.no_grad():
        gone = float(probability(model, TOKENS, TARGET).detach())
    part = found.layers[layer]
    assert part.change == pytest.approx(found.probability - gone, abs=SLACK)
    assert abs(part.error) <= 1e-4 * found.probability + SLACK


@pytest.mark.parametrize("model_type", MIXED)
def test_an_expert_neuron_removed_by_hand(model_type: str) -> None:
    model = unembed.wrap(build(model_type))
    found = attribute(model, TOKENS, TARGET, path="neuron")
    for score in [s for s in found.ranked() if s.expert is not None][:3]:
        experts = model.blocks[score.layer].experts

        def without(_, args, out, experts=experts, score=score):
            hidden, index, weight = (x[-1] for x in args)
            router = weight[index == score.expert]
            gate_up = experts.gate_up_proj[score.expert]
            gate_up = hidden @ gate_up if experts.is_transposed else gate_up @ hidden
            if experts.has_bias:
                gate_up = gate_up + experts.gate_up_proj_bias[score.expert]
            act = experts._apply_gate(gate_up)[score.neuron]
            down = experts.down_proj[score.expert]
            row = down[score.neuron] if experts.is_transposed else down[:, score.neuron]
            out = out.clone()
            out[-1] -= router * act * row
            return out

        with experts.register_forward_hook(without), torch.no_grad():
            gone = float(probability(model, TOKENS, TARGET).detach())
        assert score.value == pytest.approx(found.probability - gone, abs=SLACK)


def test_candidates_are_the_best_of_the_layer_path_and_exact() -> None:
    model = unembed.wrap(build("llama"))
    whole = attribute(model, TOKENS, TARGET, path="neuron")
    layer_path = attribute(model, TOKENS, TARGET)
    some = attribute(model, TOKENS, TARGET, path=NeuronPath(7))
    assert some.candidates == 7
    known = {(s.layer, s.neuron): s.value for s in some.ranked()}
    expected = sorted(layer_path.ranked(), key=lambda s: -abs(s.value))[:7]
    assert set(known) == {(s.layer, s.neuron) for s in expected}
    for (layer, neuron), value in known.items():
        assert value == pytest.approx(float(whole.values[layer][neuron]), abs=SLACK * whole.probability)


def test_with_post_norms_five_nodes_choose_the_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of five nodes, their values are exact, and no interval is cut in search of completeness."""
    model = unembed.wrap(build("gemma2"))
    assert model.blocks[0].mlp_norm is not None
    five = attribute(model, TOKENS, TARGET, path=LayerPath(steps=5))
    whole = attribute(model, TOKENS, TARGET, path="neuron")
    asked: list[int] = []
    real = Paths.slopes

    def counted(self: Paths, nodes: Any, *more: Any, **words: Any) -> Any:
        asked.append(sum(map(len, nodes.values())))
        return real(self, nodes, *more, **words)

    monkeypatch.setattr(Paths, "slopes", counted)
    some = attribute(model, TOKENS, TARGET, path=NeuronPath(20))
    assert asked == [5 * model.layers]
    known = {(s.layer, s.neuron): s.value for s in some.ranked()}
    assert set(known) == {(s.layer, s.neuron) for s in sorted(five.ranked(), key=lambda s: -abs(s.value))[:20]}
    for (layer, neuron), value in known.items():
        assert value == pytest.approx(float(whole.values[layer][neuron]), abs=SLACK * whole.probability)


def test_mean_baseline() -> None:
    """`w - b` with b the mean over all positions of all prompts; P(0) is the run with every neuron at its mean."""
    model = unembed.wrap(build("gpt2"))
    prompts = [[4, 8, 15], [16, 23, 42, 5, 9]]
    means = mean_activations(model, prompts)
    for layer, value in enumerate(means):
        rows = torch.cat([activations(model, p, TARGET)[layer] for p in prompts])
        assert torch.allclose(value, rows.mean(0), rtol=0, atol=1e-12)
    found = attribute(model, TOKENS, TARGET, baseline=means, path=LayerPath(tolerance=1e-4))
    gone = float(probability(model, TOKENS, TARGET, moved(1, len(TOKENS) - 1, means[1][None])).detach())
    assert found.layers[1].change == pytest.approx(found.probability - gone, abs=1e-12)
    assert abs(found.layers[1].error) <= 1e-4 * found.probability
    exact = attribute(model, TOKENS, TARGET, baseline=means, path="neuron")
    w = activations(model, TOKENS, TARGET)[1][len(TOKENS) - 1 :].clone()
    w[:, 3] = means[1][3]
    gone = float(probability(model, TOKENS, TARGET, moved(1, len(TOKENS) - 1, w)).detach())
    assert float(exact.values[1][3]) == pytest.approx(found.probability - gone, abs=1e-12)


@pytest.mark.parametrize("model_type", ["gemma2", "gemma3_text", "olmo2"])
def test_a_post_norm_hides_a_common_scale_and_the_error_says_so(model_type: str) -> None:
    """The write is `norm(alpha * output)`: constant in alpha, up to its eps near 0, where it jumps to nothing.

    So a layer's attributions sum to about zero while removing the layer changes P; the neuron path is not fooled.
    """
    with torch.no_grad():
        module = build(model_type)
        for name, parameter in module.named_parameters():
            if "down_proj" in name:
                parameter.mul_(1e4)  # far above the norm's eps
                if name.endswith("bias"):
                    parameter.zero_()
    model = unembed.wrap(module)
    found = attribute(model, TOKENS, TARGET)
    part = max(found.layers, key=lambda part: abs(part.change))
    assert abs(part.change) > 0.05 * found.probability
    assert abs(part.sum) < 0.05 * abs(part.change)
    assert abs(part.error + part.change) < 0.05 * abs(part.change)
    assert part.nodes <= MOST_NODES
    exact = attribute(model, TOKENS, TARGET, path="neuron")
    assert float(exact.values[part.layer].abs().max()) > 0.01 * abs(part.change)


def test_scores_fall_and_name_their_place() -> None:
    model = unembed.wrap(build("llama"))
    found = attribute(model, TOKENS, TARGET)
    scores = found.ranked()
    assert len(scores) == sum(value.numel() for value in found.values)
    assert [s.value for s in scores] == sorted((s.value for s in scores), reverse=True)
    w = activations(model, TOKENS, TARGET)
    for score in scores[:5] + scores[-5:]:
        assert score.value == float(found.values[score.layer][score.neuron])
        assert score.activation == pytest.approx(float(w[score.layer][-1, score.neuron]), abs=1e-12)
    assert [s.value for s in found.ranked(3)] == [s.value for s in scores[:3]]
    frame = found.to_polars().sort("value", descending=True, maintain_order=True)
    assert frame["value"].to_list() == [s.value for s in scores]


def test_results_do_not_depend_on_the_memory_they_may_take() -> None:
    model = unembed.wrap(build("llama"))
    wide = attribute(model, TOKENS, TARGET, path=LayerPath("riemann", 4))
    narrow = attribute(model, TOKENS, TARGET, path=LayerPath("riemann", 4), memory=600_000)
    for a, b in zip(wide.values, narrow.values, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=SLACK * wide.probability)


@pytest.mark.parametrize("path", ["layer", "neuron"])
def test_ctrl_c_before_anything_is_finished_leaves_no_result(path) -> None:
    """What the engine had finished is no attribution, so it is not given as one."""

    def stop(_: str, done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        attribute(unembed.wrap(build("llama")), TOKENS, TARGET, path=path, progress=stop)
    assert not isinstance(caught.value, Interrupted)


@pytest.mark.parametrize("candidates", [None, 40])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_ctrl_c_leaves_the_neurons_that_are_finished(candidates, share, monkeypatch: pytest.MonkeyPatch) -> None:
    model = unembed.wrap(build("llama"))
    whole = attribute(model, TOKENS, TARGET, path=NeuronPath(candidates))
    count = integrated_gradients.counterfactuals

    def stop(_: str, done: float) -> None:
        if done > share:
            raise KeyboardInterrupt

    def stopped(run, interventions, *args, **how):
        if len(interventions) > model.layers:  # the neurons, in walks of a few
            how.update(progress=stop, memory=400_000)
        return count(run, interventions, *args, **how)

    monkeypatch.setattr(integrated_gradients, "counterfactuals", stopped)
    with pytest.raises(Interrupted) as caught:
        attribute(model, TOKENS, TARGET, path=NeuronPath(candidates))
    part = caught.value.result
    assert isinstance(caught.value, KeyboardInterrupt)
    assert 0 < part.computed < part.planned == whole.planned == (candidates or 144)
    assert not part.complete
    assert whole.complete
    for some, every, layer, expected in zip(part.values, whole.values, part.layers, whole.layers, strict=True):
        there = ~some.isnan()
        assert torch.allclose(some[there], every[there], rtol=0, atol=SLACK)
        assert layer.change == pytest.approx(expected.change, abs=SLACK)
        assert (layer.sum is None) == (layer.error is None) == (not bool(there.all()))
    assert len(part.ranked()) == part.computed


def test_sums_are_of_whole_layers_only() -> None:
    some = attribute(unembed.wrap(build("llama")), TOKENS, TARGET, path=NeuronPath(7))
    every = attribute(unembed.wrap(build("llama")), TOKENS, TARGET, path="neuron")
    assert [(layer.sum, layer.error) for layer in some.layers] == [(None, None)] * 3
    assert [layer.change for layer in some.layers] == pytest.approx([layer.change for layer in every.layers], abs=SLACK)
    for layer, values in zip(every.layers, every.values, strict=True):
        assert layer.sum == pytest.approx(float(values.sum()), abs=1e-12)
        assert layer.error == pytest.approx(layer.sum - layer.change, abs=1e-12)


def test_the_top_prediction_is_that_of_a_plain_run() -> None:
    model = unembed.wrap(build("llama"))
    with torch.no_grad():
        best = int(model.module(torch.tensor([TOKENS]), use_cache=False).logits[0, -1].argmax())
    assert attribute(model, TOKENS, (best,), path=LayerPath(steps=1)).top_prediction
    assert not attribute(model, TOKENS, (best ^ 1,), path=LayerPath(steps=1)).top_prediction


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"word": "layer", "quadrature": "simpson"}, "Expected a quadrature of gauss or riemann"),
        ({"word": "layer", "steps": 0}, "Expected 1 to 1000 steps, found 0"),
        ({"word": "layer", "candidates": 4}, "Candidates belong to the neuron path"),
        ({"word": "neuron", "candidates": 0}, "Expected at least one candidate, found 0"),
        ({"word": "neuron", "steps": 4}, "The neuron path is exact"),
        ({"word": "neuron", "quadrature": "riemann"}, "The neuron path is exact"),
    ],
)
def test_a_path_refuses_what_belongs_to_the_other(words: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        path_of(**words)


def test_a_path_in_words() -> None:
    assert path_of("layer") == LayerPath("gauss", None, 0.005)
    assert path_of("layer", quadrature="riemann", steps=3) == LayerPath("riemann", 3)
    assert path_of("neuron", candidates=3) == NeuronPath(3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"path": "mlp"}, "Expected a path of layer or neuron, found 'mlp'"),
        ({"baseline": "mean"}, "Expected a baseline of 'zero', or one tensor a layer"),
        ({"baseline": [torch.zeros(3)]}, "Expected a baseline of 3 tensors"),
        ({"memory": 1000}, "budget of .* is too small for one intervention"),
    ],
)
def test_bad_words_are_refused(words: dict, message: str) -> None:
    model = unembed.wrap(build("llama"))
    with pytest.raises(InputError, match=message):
        attribute(model, TOKENS, TARGET, **words)


@pytest.mark.real
def test_real_model(real_model: unembed.Model) -> None:
    """Completeness to 0.5 % of P in every layer; and the neuron path of L24.N1005, which takes P from 77 to 47 %."""
    found = attribute(real_model, "The capital of France is", " Paris")
    assert found.probability == pytest.approx(0.772, abs=0.002)
    assert all(abs(part.error) <= 0.005 * found.probability for part in found.layers)
    exact = attribute(real_model, "The capital of France is", " Paris", path=NeuronPath(50))
    top = {(s.layer, s.neuron): s.value for s in exact.ranked(50)}
    assert top[24, 1005] == pytest.approx(0.772 - 0.474, abs=0.005)
