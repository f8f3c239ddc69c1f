"""Structure by inference: it is that of the rows by hand, its ledgers are exact, and what cannot be one is refused."""

from contextlib import ExitStack
from dataclasses import fields, replace

import pytest
import torch

import unembed
from builders.random_models import MIXTURES, MODEL_TYPES, build, configuration
from builders.unknown_models import UNKNOWN, unknown
from unembed.engine import edits
from unembed.engine.counterfactual import last_streams
from unembed.errors import InputError
from unembed.models.families import row
from unembed.models.forward import call
from unembed.models.hooks import on_output
from unembed.models.inference.infer import infer, inferred_row
from unembed.models.unembedding import unembedded

OF_CHOICE = ("requires", "code", "runs_in", "inner_attention", "observed_attention")
"""Fields of a row that say what a person knows beside the structure, or chose."""


@pytest.mark.parametrize("model_type", [x for x in MODEL_TYPES if x != "unembed_toy"])  # which may be without MLPs
def test_the_row_that_is_inferred_is_the_one_by_hand(model_type: str) -> None:
    config = configuration(model_type)
    module = build(model_type)
    hand, found = row(model_type), inferred_row(type(module), config)
    if isinstance(hand.parallel, str):
        hand = replace(hand, parallel=bool(getattr(config, hand.parallel)))
    if not hand.parallel:
        hand = replace(hand, writes_meet_first=False)
    if model_type in MIXTURES and all(hasattr(block.mlp, "experts") for block in module.get_submodule(hand.blocks)):
        hand = replace(hand, down_projection=found.down_projection)  # no block is dense
    names = [x.name for x in fields(hand) if x.name not in OF_CHOICE]
    assert {x: getattr(found, x) for x in names} == {x: getattr(hand, x) for x in names}


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_a_type_without_a_row_is_taken_apart(name: str) -> None:
    """At every position of two prompts the terms sum to the module's own logit, to what its float32 steps leave."""
    module, told = unknown(name), UNKNOWN[name]
    model = unembed.wrap(module)
    assert model.level == told.level
    for length in (6, 11):
        tokens = torch.randint(3, 97, (length,), generator=torch.Generator().manual_seed(length)).tolist()
        with torch.no_grad():
            own = module(torch.tensor([tokens]), use_cache=False).logits[0]
        run = unembed.record(model, tokens)
        for position in range(length):
            for by in ("sublayer", "source+neuron"):
                ledger = unembed.decompose(unembed.readout(run, 12, position=position, reference="raw"), by=by)
                total = sum(float(segment.values.sum()) for segment in ledger.segments)
                assert total == pytest.approx(float(own[position, 12]), abs=3e-6)
        kinds = {segment.kind for segment in ledger.segments}
        assert told.kinds <= kinds, kinds
        assert unembed.explain(run).notes == unembed.explain(run, test=False).notes
        assert unembed.lens(run).kl.shape[-1] == length


PATCHED = sorted(name for name, told in UNKNOWN.items() if told.patched)


@pytest.mark.parametrize("name", PATCHED)
@pytest.mark.parametrize("kind", ["attention_write", "mlp_write"])
def test_a_version_equals_a_run_of_the_whole_module(name: str, kind: str) -> None:
    """Also where the block multiplies its writes: a value that is set is what the stream gets."""
    model, tokens, layer, at = unembed.wrap(unknown(name)), [5, 17, 33, 5, 17, 60], 1, 2
    value = torch.randn(model.d_model, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    run = unembed.record(model, tokens)
    site = unembed.Site(kind=kind, layer=layer, positions=(at,))  # type: ignore[arg-type]
    found = unembedded(model, last_streams(run, [edits.set_to(site, value)])[0])[2]

    def written(out: torch.Tensor) -> torch.Tensor:
        changed = out.clone()
        changed.view(-1, model.d_model)[at] = value / model.family.write_scale
        return changed

    with torch.no_grad(), ExitStack() as stack:
        on_output(stack, getattr(model.blocks[layer], kind), written)
        whole = call(model, torch.tensor([tokens])).logits[0, -1]
    assert torch.allclose(found, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", sorted(set(UNKNOWN) - set(PATCHED)))
def test_what_cannot_be_patched_says_so(name: str) -> None:
    model = unembed.wrap(unknown(name))
    with pytest.raises(InputError, match=r"cannot be patched yet|is not told of"):
        unembed.ablate(model, [5, 17, 33], site="mlp")
    assert any("Nothing was tested" in note for note in unembed.explain(model, [5, 17, 33]).notes)


@pytest.mark.parametrize("name", ["qwen3_next", "mamba", "bloom"])
@pytest.mark.parametrize("method", ["attention", "words", "expand_paths", "attention_score", "patch", "generate"])
def test_methods_that_do_not_hold_of_such_models_refuse_them_or_work(name: str, method: str) -> None:
    """Never a stack trace: the error is one of this package."""
    model = unembed.wrap(unknown(name))
    other = ([5, 17, 34],) if method == "patch" else ()
    more = {"layer": 0, "head": 0} if method == "attention_score" else {}
    try:
        getattr(unembed, method)(model, [5, 17, 33], *other, **more)
    except InputError as error:
        assert str(error)  # noqa: PT017


def test_the_structure_says_what_there_is() -> None:
    structure = infer(unknown("granite"))
    assert {write.scale for write in structure.writes} == {0.5}
    assert (structure.embedding_scale, structure.frozen) == (2.0, ("norm scale",))
    assert structure.logit_scale == pytest.approx(1 / 3)
    assert [write.kind for write in structure.writes[:2]] == ["heads", "neurons"]
    assert {write.kind for write in infer(unknown("qwen3_next")).writes} == {"heads", "mixer", "neurons", "experts"}
