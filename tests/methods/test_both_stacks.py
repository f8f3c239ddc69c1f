"""Methods in the encoder and in the decoder of an encoder-decoder, against full hooked re-runs (oracles/stacks.py)."""

from dataclasses import replace
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
from unembed.methods.patch import patch
from unembed.methods.steer import steer
from unembed.models.read_source import probe_source, with_source

PROMPT, SOURCES = (0, 5, 9, 33, 2), ([5, 6, 7, 8, 2, 4], [7, 8, 9, 10, 11, 12])
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


@cache
def wrapped(model_type: str) -> unembed.Model:
    with exactly():
        return unembed.wrap(build(model_type))


@cache
def case(model_type: str, source: int = 0) -> StackCase:
    with exactly():
        model = wrapped(model_type)
        if model_type == "whisper":
            model = probe_source(model)
            features = model.source.inputs["input_features"] * (1 if source == 0 else -0.5)
            model = with_source(model, inputs={"input_features": features})
        else:
            model = with_source(model, SOURCES[source])
        made = StackCase(model, PROMPT, (model, PROMPT))
        _ = made.run, made.run.encoder, made.values
    return made


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


@pytest.mark.crossed(1)
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


@each
def test_within_the_context_the_model_that_was_steered_reads_the_steered_source(model_type: str) -> None:
    """Not the states from before, whichever of the two models is run; another source is read under the edits too."""
    at, other = case(model_type), case(model_type, 1)
    direction = torch.randn(32, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    with exactly():
        found = []
        with unembed.steered(at.model, [unembed.edits.add("enc.L1 mlp", direction)]) as given:
            found += [unembed.record(each, PROMPT).logits for each in (at.model, given)]
            anew = with_source(at.model, inputs=other.model.source.inputs)
            found.append(unembed.record(anew, PROMPT).logits)
        for logits, one in zip(found, (at, at, other), strict=True):
            change = Change("encoder", "mlp_write", 1, tuple(range(len(one.model.source))), lambda x: x + direction)
            assert torch.allclose(logits, one.expected([change]), rtol=0, atol=1e-9)
        assert torch.equal(unembed.record(at.model, PROMPT).logits, at.run.logits)


def test_a_direction_between_two_sources() -> None:
    at, other = case("t5"), case("t5", 1)
    with exactly():
        found = directions.difference(at.model, SOURCES[1], SOURCES[0], layer=0, site="enc.resid_post")
        want = other.values["encoder", "resid_post", 0][-1] - at.values["encoder", "resid_post", 0][-1]
    assert torch.allclose(found, want, rtol=0, atol=1e-12)


def both(model_type: str) -> tuple[StackCase, StackCase]:
    return case(model_type), case(model_type, 1)


SWEEPS = {
    "enc.resid_pre": ("encoder", "resid_pre"),
    "enc.resid_mid": ("encoder", "resid_mid"),
    "enc.resid_post": ("encoder", "resid_post"),
    "enc.attention": ("encoder", "attention_write"),
    "enc.mlp": ("encoder", "mlp_write"),
    "enc.head": ("encoder", "z"),
    "enc.neuron": ("encoder", "neuron"),
    "resid_pre": ("decoder", "resid_pre"),
    "head": ("decoder", "z"),
    "cross_head": ("decoder", "cross_z"),
    "cross_attention": ("decoder", "cross_attention_write"),
    "mlp": ("decoder", "mlp_write"),
}


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["t5", "bart", "mbart", "marian"])
@pytest.mark.parametrize("site", SWEEPS)
def test_patching_between_two_sources_equals_full_reruns(model_type: str, site: str) -> None:
    clean, corrupt = both(model_type)
    stack, kind = SWEEPS[site]
    with exactly():
        layers = [1] if "neuron" in site else None
        found = patch(clean.run, corrupt.run, 12, 40, site=site, direction="both", layers=layers)
        tokens = SOURCES if stack == "encoder" else (PROMPT, PROMPT)
        assert (found.clean_tokens, found.corrupt_tokens) == tuple(map(tuple, tokens))
        for direction, base, other in (("denoise", corrupt, clean), ("noise", clean, corrupt)):
            assert found.values[direction].abs().max() > 0  # type: ignore[index]
            for n in range(0, len(found.cells), max(1, len(found.cells) // 5)):
                cell = found.cells[n]
                theirs = other.values[stack, kind, cell.layer]
                places = tuple(range(len(theirs))) if cell.position is None else (cell.position,)
                index = tuple(i for i in (cell.head, cell.neuron) if i is not None)
                value = theirs[(torch.tensor(places), *index)]
                change = Change(stack, kind, cell.layer, places, lambda x, value=value: value, index)
                logits = base.expected([change])[-1]
                want = float(logits[12] - logits[40])
                assert float(found.values[direction][n]) == pytest.approx(want, abs=1e-9)  # type: ignore[index]
    ends = [float(one.run.logits[-1, 12] - one.run.logits[-1, 40]) for one in (clean, corrupt)]
    assert [found.clean, found.corrupt] == pytest.approx(ends, abs=1e-9)


def test_the_last_states_of_the_encoder_are_the_whole_way_to_the_other_source() -> None:
    clean, corrupt = both("t5")
    pairs = {i: i for i in range(6)}
    found = patch(clean.run, corrupt.run, 12, 40, site="enc.resid_post", align=pairs)
    whole = unembed.counterfactual(
        corrupt.run, unembed.edits.swap("enc.L1 resid_post", clean.run, run=corrupt.run), unembed.measures.logit(12, 40)
    )
    assert whole == pytest.approx(found.clean, abs=1e-5)
    assert {cell.position for cell in found.cells} == set(range(6))


@each
def test_patching_two_decoder_prompts_over_one_source(model_type: str) -> None:
    at, other = case(model_type), (0, 5, 11, 33, 2)
    with exactly():
        found = patch(at.model, PROMPT, other, 12, 40, site="resid_pre")
        theirs = StackCase(at.model, other, at.other)
        for n in (1, 7, 9):
            cell = found.cells[n]
            value = at.values["decoder", "resid_pre", cell.layer][cell.position]
            change = Change("decoder", "resid_pre", cell.layer, (cell.position,), lambda x, value=value: value[None])
            logits = theirs.expected([change])[-1]
            assert float(found.values["denoise"][n]) == pytest.approx(float(logits[12] - logits[40]), abs=1e-9)
    assert found.alignment.shared == 2
    with pytest.raises(InputError, match="Both runs read the same source, so inside the encoder they are equal"):
        patch(at.model, PROMPT, other, 12, 40, site="enc.head")


def test_equal_sources_are_one_source_however_they_were_given() -> None:
    """Text, token ids and sounds alike: a run of one may be asked about with the other, and nothing is patched."""
    for at in (case("bart"), case("whisper")):
        again = with_source(at.model, inputs=dict(at.model.source.inputs))
        at.run.check_made_by(again)
        with pytest.raises(InputError, match="Both runs read the same source"):
            patch(at.run, unembed.record(again, PROMPT), 12, 40, site="enc.head")
        with pytest.raises(InputError, match="two prompts are the same"):
            patch(at.run, unembed.record(again, PROMPT), 12, 40)
    with pytest.raises(InputError, match="The run is of another source"):
        case("whisper").run.check_made_by(case("whisper", 1).model)


def test_sources_that_do_not_align_are_refused() -> None:
    at = case("bart")
    with pytest.raises(InputError, match="Position 9 is outside the source: expected -6 to 5"):
        ablate(at.run, 12, site="enc.head", position=9)
    short = unembed.record(with_source(at.model, [5, 6, 7]), PROMPT)
    with pytest.raises(InputError, match="The sources do not align: 6 and 3 tokens"):
        patch(at.run, short, 12, 40, site="enc.head")
    found = patch(at.run, short, 12, 40, site="enc.head", align={0: 0, 1: 1, 5: 2})
    assert found.complete
    heard = both("whisper")
    assert patch(heard[0].run, heard[1].run, 12, 40, site="enc.head").complete
    assert patch(heard[0].run, heard[1].run, 12, 40, site="cross_head").complete
    with pytest.raises(InputError, match="two prompts are the same"):
        patch(at.run, at.run, 12, 40)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("site", ["enc.resid_pre", "enc.resid_post", "enc.mlp", "enc.attention", "enc.head"])
@pytest.mark.parametrize("group", [None, 4])
def test_patching_between_two_sounds_equals_full_reruns(site: str, group: int | None) -> None:
    """Positions of a sound are swept over in groups of neighbours, each patched in one run."""
    clean, corrupt = both("whisper")
    kind, length = SWEEPS[site][1], len(clean.model.source or ())
    with exactly():
        found = patch(clean.run, corrupt.run, 12, 40, site=site, group=group)
        for n, cell in enumerate(found.cells):
            last = cell.position if cell.until is None else cell.until
            places = range(length) if cell.position is None else range(cell.position, last + 1)  # type: ignore[operator]
            index = () if cell.head is None else (cell.head,)
            value = clean.values["encoder", kind, cell.layer][(torch.tensor(list(places)), *index)]
            change = Change("encoder", kind, cell.layer, tuple(places), lambda x, value=value: value, index)
            logits = corrupt.expected([change])[-1]
            assert float(found.values["denoise"][n]) == pytest.approx(float(logits[12] - logits[40]), abs=1e-9)
    spans = [(cell.position, cell.until) for cell in found.cells if cell.layer == 0]
    whole = {None: [(p, None) for p in range(9)], 4: [(0, 3), (4, 7), (8, None)]}[group]
    assert spans == ([(None, None)] * 2 if site == "enc.head" else whole)
    assert found.token_texts == tuple(map(str, range(9)))  # features have no times; a WAV file has
    label = "enc.L1 resid_pre @ 4-7" if group else "enc.L1 resid_pre @ 4"
    assert site != "enc.resid_pre" or label in {cell.label(found.site) for cell in found.cells}


def test_a_long_sound_is_swept_over_in_thirty_groups_and_a_text_in_groups_that_are_asked_for() -> None:
    module = build("whisper", max_source_positions=70)
    model = unembed.wrap(module)
    one, other = (unembed.record(probe_source(model, seed=seed), PROMPT) for seed in (0, 1))
    found = patch(one, other, 12, 40, site="enc.resid_pre", layers=[0])
    assert [(cell.position, cell.until) for cell in found.cells[:2]] == [(0, 2), (3, 5)]
    assert (found.cells[-1].position, found.cells[-1].until, len(found.cells)) == (69, None, 24)
    assert found.table()[0]["token"] == "0–2"
    at, text = both("t5")
    pairs = patch(at.run, text.run, 12, 40, site="enc.resid_pre", layers=[1], group=2)
    assert [(cell.position, cell.until) for cell in pairs.cells] == [(0, 1), (2, 3), (4, 5)]
    assert len(pairs.plot().axes[0].get_xticklabels()) == 3
    with pytest.raises(InputError, match="the size of a group as a whole number of at least 1, found 0"):
        patch(at.run, text.run, 12, 40, group=0)
    short = probe_source(unembed.wrap(module))
    cut = replace(other.model.source, tokens=short.source.tokens[:60])
    with pytest.raises(InputError, match=r"The sounds do not align: the encoder of .* has 70 and 60 positions"):
        patch(one, replace(other, model=replace(short, source=cut)), 12, 40, site="enc.mlp")


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
