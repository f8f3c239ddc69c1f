"""The engine in masked language models, against full hooked re-runs of the module (oracles/stacks.py)."""

from functools import cache

import pytest
import torch

import unembed
from builders.masked_models import MASK, build_masked, each_masked
from builders.stack_versions import StackCase, check, check_any, check_every_kind, edit
from oracles.rerun import exactly
from oracles.stacks import Change
from unembed import Site
from unembed.engine import edits
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import _resolved, gradients
from unembed.engine.memory import costs
from unembed.errors import InputError
from unembed.methods.knowledge.weight_edits import scaled, weight_edits
from unembed.runs.record import record_together

PROMPT, OTHER = (1, 5, 9, MASK, 33, 2), (1, 44, 8, MASK, 71, 2)


@cache
def case(model_type: str) -> StackCase:
    with exactly():
        model = unembed.wrap(build_masked(model_type))
        made = StackCase(model, PROMPT, (model, OTHER))
        _ = made.run, made.other_run, made.values, made.other_values
    return made


@each_masked
def test_every_kind_of_site_equals_a_full_run(model_type: str) -> None:
    versions, effects = check_every_kind(case(model_type))
    assert {change.kind for version in versions for _, change in version} >= {"pattern", "query", "key", "value", "z"}
    # Nearly all edits do something; not one vector added to all keys of a head.
    assert float(effects.sort().values[len(effects) // 10]) > 1e-6


@each_masked
def test_any_sites_edits_and_positions_at_once(model_type: str) -> None:
    check_any(case(model_type))


@each_masked
def test_an_edit_at_any_position_changes_the_blank_of_a_masked_model(model_type: str) -> None:
    """Wherever a head is zeroed, before the blank or after it (as far as the window of ModernBERT reaches)."""
    at, blank = case(model_type), 3
    with exactly():
        changes = [
            edits.zero(f"L{layer}.H{head} @ {place}") for layer in (0, 1) for head in (0, 3) for place in range(1, 6)
        ]
        found = unembed.counterfactuals(at.run, changes, unembed.measures.logit(12), at=[blank])
        for change, value in zip(changes, found.tolist(), strict=True):
            site = change.site
            expected = at.expected([Change("encoder", "z", site.layer, site.positions, lambda x: 0 * x, (site.head,))])
            assert value == pytest.approx(float(expected[blank, 12]), abs=1e-11 * float(expected.abs().max())), (
                site.label
            )
        cost = costs(at.run, 1, gradients=False, source=False)
        least = max(cost.of(row_of(_resolved(change, at.run), at.run)) for change in changes)
        small = unembed.counterfactuals(at.run, changes, unembed.measures.logit(12), at=[blank], memory=least)
    assert torch.allclose(small, found, rtol=0, atol=1e-12)
    assert float((found - at.run.logits[blank, 12]).abs().min()) > 1e-9  # each of them is felt there


@each_masked
def test_gradients_at_a_blank_flow_from_later_positions(model_type: str) -> None:
    at, site = case(model_type), Site.parse("L0.H1 @ 4")
    with exactly():
        base = at.run.at(site)[0]
        leaf = base.clone().requires_grad_()
        _, (slope,) = gradients(at.run, [edits.set_to(site, leaf)], unembed.measures.logit(12), [leaf], at=[1])
        step = 1e-5 * torch.randn(base.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        moved = [
            at.expected([Change("encoder", "z", 0, (4,), lambda x, s=s: x + s * step, (1,))])[1, 12] for s in (1, -1)
        ]
    assert float(slope @ step) == pytest.approx(float(moved[0] - moved[1]) / 2, rel=1e-5, abs=1e-13)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("read", [[3], [1, 3]], ids=str)
@each_masked
def test_edits_of_the_last_block_where_it_is_read_and_elsewhere(model_type: str, read: list[int]) -> None:
    """Of the last block only what is read is computed, so edits there are told apart by their kind and position."""
    at = case(model_type)
    last = max(layer for _, _, layer in at.places())
    sites = [
        Site(kind=kind, layer=last, positions=positions)
        for kind in ("attention_write", "neuron", "mlp_write", "resid_post", "resid_mid", "z", "query", "key")
        for positions in ((3,), (3, 1), (0,), (4, 3))
        if ("encoder", kind, last) in at.values
    ]
    early = Site(kind="z", layer=0, head=1, positions=(5,))
    for site in sites:
        with exactly():
            check(at, [[edit(at, early, "zero", 0)], [edit(at, early, "zero", 0), edit(at, site, "scale", 1)]], read)
    with exactly():
        check(at, [[edit(at, early, "zero", 0), edit(at, site, "add", 2)] for site in sites], [3])


@each_masked
def test_what_nothing_reads_of_the_last_block_is_not_computed(model_type: str) -> None:
    """Neurons of the last layer need no block; earlier edits need the last MLP where it is read."""
    at = case(model_type)
    last, calls, lines = at.model.blocks[-1], [], []
    handles = [
        last.module.register_forward_hook(lambda *_: calls.append(1)),
        last.down_projection.register_forward_pre_hook(lambda _, args: lines.append(args[0].flatten(0, -2).shape[0])),
    ]
    name = f"L{at.model.layers - 1}"
    unembed.counterfactuals(
        at.run, [edits.zero(f"{name}.N{n} @ 3") for n in range(5)], unembed.measures.logit(12), at=[3]
    )
    assert (calls, lines) == ([], [5])
    lines.clear()
    unembed.counterfactuals(at.run, [edits.zero(f"L0.H{h} @ 1") for h in range(4)], unembed.measures.logit(12), at=[3])
    for handle in handles:
        handle.remove()
    in_one_piece = at.model.family.whole_attention is not None
    assert lines == [4 * len(PROMPT) if in_one_piece else 4]


@each_masked
def test_prompts_that_were_recorded_together_are_versioned_as_each_alone(model_type: str) -> None:
    model = case(model_type).model
    changes = [edits.zero(part) for part in model.parts("head")]
    with exactly():
        for run, tokens in zip(record_together(model, [PROMPT, OTHER]), (PROMPT, OTHER), strict=True):
            alone = unembed.record(model, tokens)
            found, expected = (
                unembed.counterfactuals(each, changes, lambda logits: logits, at=range(6)) for each in (run, alone)
            )
            assert float((found - expected).abs().max()) <= 1e-11 * float(expected.abs().max())


def test_layers_that_share_a_block_are_told_apart() -> None:
    """Each layer has a block of its own, of the parameters of the module that was given, which is left as it was."""
    module = build_masked("albert")
    names = list(module.state_dict())
    model = unembed.wrap(module)
    assert model.layers == 6
    assert list(module.state_dict()) == names
    assert module.config.num_hidden_layers == 3
    assert {id(x) for x in model.module.parameters()} == {id(x) for x in module.parameters()}
    with exactly():
        run = unembed.record(model, PROMPT)
        own = module(torch.tensor([PROMPT])).logits[0].detach()
        assert float((run.logits - own).abs().max()) <= 1e-12 * float(own.abs().max())
        # Groups of two blocks, called twice, twice and once in turn: layer 0 and 2 are the same block.
        heads = [edits.zero(f"L{layer}.H1") for layer in (0, 2)]
        changed = unembed.counterfactuals(run, heads, lambda logits: logits[:, 0], at=[3])
    assert model.blocks[0].output_projection.weight is model.blocks[2].output_projection.weight
    assert float((changed[0] - changed[1]).abs().max()) > 1e-6


def test_weights_that_layers_share_are_not_edited_as_those_of_one() -> None:
    model = case("albert").model
    with pytest.raises(InputError, match=r"layers 0, 2 share"):
        weight_edits(model, [scaled(2, [3], 0.0)], "erase")
    weight_edits(model, [scaled(4, [3], 0.0)], "erase")
