"""Hooks are installed in one file, so that one place knows what a module of a person carries, and for how long."""

import ast
from pathlib import Path

import torch

import unembed
from builders.random_models import build
from unembed.methods.circuits.projections import affine
from unembed.methods.circuits.readings import readings
from unembed.models.parts import Part
from unembed.runs.record import record

SOURCE = Path(unembed.__file__).parent


def installs(file: Path) -> bool:
    """Whether a file calls `register_forward_hook` or one of its kin on anything."""
    calls = (node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    names = (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls)
    return any(name.startswith("register_") and name.endswith("hook") for name in names)


def test_one_file_installs_hooks() -> None:
    assert [str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*.py") if installs(file)] == ["models/hooks.py"]


def test_what_reads_a_module_leaves_no_hook_on_it() -> None:
    """With norms of queries and keys, whose scales are read and frozen; and a neuron, whose block is run again."""
    model = unembed.wrap(build("qwen3", layers=2))
    run = record(model, (2, 31, 4, 15))
    found = affine(run, 1, 2, run.attention_input(1)[2])
    query = run.attention_input(1)[2].double() @ found.query + found.query_constant
    assert torch.allclose(query, run.calls[1].query[:, 2].double(), rtol=1e-5, atol=1e-6)
    assert readings(run, Part("neuron", 1, neuron=3), -1)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.module.modules())
