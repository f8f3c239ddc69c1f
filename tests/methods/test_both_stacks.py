"""Methods in the encoder and in the decoder of an encoder-decoder, against full hooked re-runs (oracles/stacks.py)."""

from functools import cache

import pytest
import torch

import unembed
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from builders.random_models import build as build_gpt
from builders.stack_versions import StackCase
from oracles.rerun import exactly
from oracles.stacks import Change
from unembed import directions
from unembed.errors import InputError
from unembed.methods.ablate import ablate
from unembed.methods.steer import steer
from unembed.models.read_source import probe_source, with_source

PROMPT, SOURCES = (0, 5, 9, 33, 2), ([5, 6, 7, 8, 2, 4], [7, 8, 9, 10, 11, 12])
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


@cache
def case(model_type: str, source: int = 0) -> StackCase:
    with exactly():
        model = unembed.wrap(build(model_type))
        if model_type == "whisper":
            model = probe_source(model)
            features = model.source.inputs["input_features"] * (1 if source == 0 else -0.5)
            model = with_source(model, inputs={"input_features": features})
        else:
            model = with_source(model, SOURCES[source])
    return StackCase(model, PROMPT, (model, PROMPT))


def zeroed(at: StackCase, stack: str, kind: str, layer: int, positions: tuple[int, ...], *index: int) -> torch.Tensor:
    """The logits at the last position of a full re-run with a part set to zero."""
    return at.expected([Change(stack, kind, layer, positions, lambda x: 0 * x, index)])[-1]


@each
def test_ablating_parts_of_the_encoder_equals_full_reruns(model_type: str) -> None:
    at = case(model_type)
    length = len(at.model.source)
    kinds = {"enc.head": "z", "enc.attention": "attention_write", "enc.mlp": "mlp_write", "enc.neuron": "neuron"}
    with exactly():
        for site, kind in kinds.items():
            found = ablate(at.run, 12, site=site)
            assert found.positions == tuple(range(length))
            assert len(found.effects) == len(at.model.parts(site)) == found.planned
            for effect in found.effects[:: max(1, len(found.effects) // 4)]:
                index = [i for i in (effect.head, effect.neuron) if i is not None]
                logits = zeroed(at, "encoder", kind, effect.layer, found.positions, *index)
                assert effect.logit == pytest.approx(float(logits[12] - at.run.logits[-1, 12]), abs=1e-9)
                change = logits.softmax(-1)[12] - at.run.logits[-1].softmax(-1)[12]
                assert effect.probability == pytest.approx(float(change), abs=1e-9)
        one = ablate(at.run, 12, site="enc.head", position=2, layers=[-1])
        logits = zeroed(at, "encoder", "z", 1, (2,), 1)
    assert [(effect.layer, effect.head) for effect in one.effects] == [(1, h) for h in range(at.model.encoder.heads)]
    assert one.effects[1].logit == pytest.approx(float(logits[12] - at.run.logits[-1, 12]), abs=1e-9)
    assert {row["label"] for row in one.table()} == {f"enc.L1.H{h}" for h in range(at.model.encoder.heads)}


def test_a_part_of_the_encoder_is_set_to_its_mean_over_sources() -> None:
    at, other = case("bart"), case("bart", 1)
    mean = torch.cat([one.values["encoder", "z", 1][:, 0] for one in (at, other)]).mean(0)
    with exactly():
        found = ablate(at.run, 12, site="enc.head", how="mean", texts=SOURCES, layers=[1])
        logits = at.expected([Change("encoder", "z", 1, tuple(range(6)), lambda x: 0 * x + mean, (0,))])[-1]
    assert found.effects[0].logit == pytest.approx(float(logits[12] - at.run.logits[-1, 12]), abs=1e-9)


@each
@pytest.mark.parametrize("site", ["enc.resid_post", "enc.attention", "enc.mlp", "resid_post"])
def test_steering_equals_full_reruns_in_both_stacks(model_type: str, site: str) -> None:
    at = case(model_type)
    direction = torch.randn(32, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    stack = "encoder" if site.startswith("enc.") else "decoder"
    kind = {"resid_post": "resid_post", "attention": "attention_write", "mlp": "mlp_write"}[site.removeprefix("enc.")]
    with exactly():
        found = steer(at.run, direction, layer=1, site=site, scale=3.0, tokens=3)
        ids = list(PROMPT)
        for step in found.steered:
            length = len(at.model.source) if stack == "encoder" else len(ids)
            change = Change(stack, kind, 1, tuple(range(length)), lambda x: x + 3 * direction)
            longer = StackCase(at.model, tuple(ids), at.other)
            logits = longer.expected([change])[-1]
            assert torch.allclose(step.run.logits[-1], logits, rtol=0, atol=1e-9)
            ids.append(step.token)
    assert found.site == site
    assert torch.equal(at.model.source.states, case(model_type).run.model.source.states)  # the source is left alone


def test_a_direction_between_two_sources() -> None:
    at, other = case("t5"), case("t5", 1)
    with exactly():
        found = directions.difference(at.model, SOURCES[1], SOURCES[0], layer=0, site="enc.resid_post")
        want = other.values["encoder", "resid_post", 0][-1] - at.values["encoder", "resid_post", 0][-1]
    assert torch.allclose(found, want, rtol=0, atol=1e-12)


def test_what_cannot_be_asked_is_refused() -> None:
    gpt = unembed.wrap(build_gpt("llama"))
    with pytest.raises(InputError, match=r"llama has no encoder, so it has no part `enc\.`"):
        ablate(gpt, [3, 5], site="enc.head")
    with pytest.raises(InputError, match=r"Expected a site of head, .*, enc\.head, enc\.attention, enc\.mlp"):
        ablate(gpt, [3, 5], site="enc.cross_head")  # type: ignore[arg-type]  # a checker refuses it earlier
    with pytest.raises(InputError, match="There is no layer 2"):
        ablate(case("t5").run, site="enc.head", layers=[2])
    with pytest.raises(InputError, match="has no encoder"):
        steer(gpt, [3, 5], torch.ones(32), layer=0, site="enc.mlp")
