"""Paths against all of them, enumerated forward with plain loops over the module's own weights."""

import pytest
import torch

import unembed
from builders.random_models import MODEL_TYPES, build
from unembed.errors import InputError
from unembed.methods.circuits.paths import _Search, expand_paths

TOKENS = [3, 50, 7, 11]
TINY = 1e-13


class ByHand:
    """A llama of two layers: every path pushed up from its start, its norms frozen at the run."""

    def __init__(self, module, run, direction):
        self.module, self.run, self.direction = module, run, direction
        self.found = {}
        for position, token in enumerate(TOKENS):
            self.push(("embedding", None, position), (), module.model.embed_tokens.weight[token], position, 0)
            for layer, block in enumerate(module.model.layers):
                write = run.layers[layer].mlp_write[position]
                self.push(("mlp", layer, position), (), write, position, layer + 1)
                self.push(("attention_bias", layer, position), (), block.self_attn.o_proj.bias, position, layer + 1)
                self.value_bias(layer, position)

    def push(self, start, steps, write, position, layer):
        """A write to the stream below `layer` at `position`: to the readout, and through every head above."""
        if position == len(TOKENS) - 1:
            key = (*start, steps)
            self.found[key] = self.found.get(key, 0.0) + float(write.double() @ self.direction)
        for above in range(layer, 2):
            block, x = self.module.model.layers[above], self.run.before(above)[position]
            scale = (x.square().mean() + self.module.config.rms_norm_eps).rsqrt()
            self.heads(
                start,
                steps,
                block.self_attn.v_proj.weight @ (write * scale * block.input_layernorm.weight),
                position,
                above,
            )

    def heads(self, start, steps, value, source, layer):
        for head in range(4):
            moved = value[8 * (head // 2) : 8 * (head // 2) + 8]
            matrix = self.module.model.layers[layer].self_attn.o_proj.weight[:, 8 * head : 8 * head + 8]
            for destination in range(source, len(TOKENS)):
                attention = self.run.layers[layer].heads.pattern[head, destination, source]
                step = (layer, head, source, destination)
                self.push(start, (*steps, step), attention * (matrix @ moved), destination, layer + 1)

    def value_bias(self, layer, position):
        bias = self.module.model.layers[layer].self_attn.v_proj.bias
        self.heads(("value_bias", layer, position), (), bias, position, layer)


@pytest.fixture(scope="module")
def enumerated():
    module = build("llama", layers=2)
    run = unembed.record(unembed.wrap(module, name="llama"), TOKENS)
    found = expand_paths(run.model, run, 40, smallest=TINY, open_at_most=10**6)
    with torch.no_grad():
        return found, ByHand(module, run, found.readout.direction.double()).found


def test_every_path_is_that_of_brute_force(enumerated):
    found, expected = enumerated
    listed = {}
    for path in found.paths:
        steps = tuple((s.layer, s.head, s.source, s.destination) for s in path.steps)
        listed[path.kind, path.layer, path.position, steps] = path.value
    assert len(listed) == len(found.paths) > 400
    assert listed.keys() <= expected.keys()
    assert sum(abs(v) for k, v in expected.items() if k not in listed) < 1e-6
    for key, value in listed.items():
        assert value == pytest.approx(expected[key], rel=1e-4, abs=1e-6)


def test_paths_are_sorted_by_magnitude(enumerated):
    values = [abs(path.value) for path in enumerated[0].paths]
    assert values == sorted(values, reverse=True)


def test_needed_is_where_the_sum_stays_close(enumerated):
    found = enumerated[0]
    goal, total, first = found.readout.value - sum(found.constants.values()), 0.0, None
    for count, path in enumerate(found.paths, 1):
        total += path.value
        if abs(total - goal) > 0.1 * abs(goal):
            first = None
        elif first is None:
            first = count
    assert found.needed() == first
    assert sum(found.by_depth().values()) == pytest.approx(total)


@torch.no_grad()
@pytest.mark.parametrize("family", MODEL_TYPES)
def test_paths_and_remainder_sum_to_the_number_of_the_model(family):
    model = unembed.wrap(build(family), name=family)
    found = expand_paths(model, TOKENS, 40, reference="raw", smallest=3e-2, open_at_most=200)
    assert abs(found.error) <= found.tolerance
    logit = float(model.module(torch.tensor([TOKENS])).logits[0, -1, 40])
    assert found.sum == pytest.approx(logit, rel=1e-4, abs=1e-4)


def test_with_nothing_opened_only_direct_effects_are_listed(enumerated):
    run = enumerated[0].readout.run
    found = expand_paths(run.model, list(TOKENS), 40, open_at_most=0)
    assert found.opened == 0
    assert all(not path.steps for path in found.paths)
    assert abs(found.error) <= found.tolerance
    direct = {k: v for k, v in enumerated[1].items() if not k[3]}
    assert sum(p.value for p in found.paths) + found.small == pytest.approx(sum(direct.values()), rel=1e-4)


def test_heads_that_can_never_be_opened_take_no_memory(enumerated, monkeypatch):
    """As many wait as may still be opened, twice at most, and what is found is the same."""
    run, waiting, forget = enumerated[0].readout.run, [], _Search._forget

    def counted(search, most):
        forget(search, most)
        waiting.append(len(search.heap) <= 2 * most)

    monkeypatch.setattr(_Search, "_forget", counted)
    found = expand_paths(run.model, list(TOKENS), 40, smallest=TINY, open_at_most=40)
    monkeypatch.setattr(_Search, "_forget", lambda search, most: None)
    whole = expand_paths(run.model, list(TOKENS), 40, smallest=TINY, open_at_most=40)
    assert len(waiting) > 2
    assert all(waiting)
    assert found.paths == whole.paths
    assert found.unopened == pytest.approx(whole.unopened, abs=1e-12)


@pytest.mark.parametrize("wrong", [{"smallest": 0.0}, {"smallest": 1.0}, {"open_at_most": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="Expected 0 < smallest < 1"):
        expand_paths(unembed.wrap(build("llama"), name="llama"), TOKENS, 40, **wrong)
