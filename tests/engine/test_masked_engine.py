"""The engine in masked language models, against full hooked re-runs of the module (oracles/stacks.py)."""

from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unembed
from builders.masked_models import MASK, build_masked, each_masked
from builders.stack_versions import EDITS, StackCase, check, edit, site_of
from oracles.rerun import exactly
from unembed.engine import edits
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
    at = case(model_type)
    random = torch.Generator().manual_seed(0)

    def pick(options: Any) -> Any:
        options = list(options)
        return options[int(torch.randint(len(options), (), generator=random))]

    with exactly():
        versions = [
            [edit(at, site_of(at, place, pick, lambda length: pick((None, (1,), (length - 1, 0)))), pick(EDITS), n)]
            for n, place in enumerate(at.places())
        ]
        found = check(at, versions)
    assert {change.kind for version in versions for _, change in version} >= {"pattern", "query", "key", "value", "z"}
    effects = (found - at.run.logits).abs().amax((1, 2)).sort().values
    # Nearly all edits do something; not one vector added to all keys of a head.
    assert float(effects[len(effects) // 10]) > 1e-6


@each_masked
def test_any_sites_edits_and_positions_at_once(model_type: str) -> None:
    at = case(model_type)

    @settings(max_examples=max(4, settings().max_examples // 4))
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        def pick(options: Any) -> Any:
            return data.draw(st.sampled_from(list(options)))

        def positions(length: int) -> Any:
            return data.draw(
                st.none() | st.lists(st.integers(0, length - 1), min_size=1, max_size=3, unique=True).map(tuple)
            )

        def version() -> list[Any]:
            sites = [site_of(at, pick(at.places()), pick, positions) for _ in range(pick((1, 1, 2, 3)))]
            return [edit(at, site, pick(EDITS), pick(range(100))) for site in sites]

        versions = [version() for _ in range(pick(range(1, 7)))]
        read = data.draw(st.lists(st.integers(0, len(PROMPT) - 1), min_size=1, max_size=3))
        with exactly():
            check(at, versions, read)

    run()


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
