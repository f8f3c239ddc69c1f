"""Structure by inference: it is that of the rows by hand, its ledgers are exact, and what is broken is refused."""

from dataclasses import fields, replace
from typing import Any

import pytest
import torch

import unembed
from builders.random_models import MIXTURES, MODEL_TYPES, build, configuration, scramble
from unembed.models.families import row
from unembed.models.inference.infer import inferred_row

OF_CHOICE = ("requires", "code", "runs_in", "inner_attention")
"""Fields of a row that say what a person knows beside the structure."""
UNKNOWN = ("exaone4", "glm4", "nemotron", "olmo", "olmo3", "olmoe")
"""Types without a row, of which rows are made here."""


def unknown(model_type: str, **overrides: Any) -> Any:
    """A random model of a type without a row."""
    from transformers import AutoConfig, AutoModelForCausalLM

    values = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3}
    values |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "num_experts": 4}
    values |= {"num_experts_per_tok": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = AutoConfig.for_model(model_type, **(values | overrides))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = AutoModelForCausalLM.from_config(config, dtype=torch.float64).eval()
    if hasattr(module, "set_experts_implementation"):
        module.set_experts_implementation("eager")
    scramble(module, 0)
    return module


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


@pytest.mark.parametrize("model_type", UNKNOWN)
def test_a_type_without_a_row_is_taken_apart(model_type: str) -> None:
    """At every position of two prompts the terms sum to the module's own logit, to what float64 leaves."""
    module = unknown(model_type)
    model = unembed.wrap(module)
    for length in (6, 11):
        tokens = torch.randint(3, 97, (length,), generator=torch.Generator().manual_seed(length)).tolist()
        with torch.no_grad():
            own = module(torch.tensor([tokens])).logits[0]
        run = unembed.record(model, tokens)
        for position in range(length):
            ledger = unembed.decompose(unembed.readout(run, 12, position=position, reference="raw"), by="source+neuron")
            assert float(own[position, 12]) == pytest.approx(sum(s.values.sum() for s in ledger.segments), abs=2e-6)
