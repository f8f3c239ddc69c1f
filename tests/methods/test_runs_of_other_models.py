"""A run answers for the model that made it: every function that is given a run refuses one it was not recorded with."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator

import pytest
import torch

import unembed
from builders import random_models
from builders.random_encoder_decoders import build as build_encoder_decoder
from unembed.engine.edits import zero
from unembed.methods.circuits.direct_path import continued, direct_logits
from unembed.methods.intervene import Change, intervene
from unembed.methods.knowledge.weight_edits import scaled, weight_edits
from unembed.methods.lens import read_states
from unembed.models.parts import Part
from unembed.runs.encoder import record_source

PROMPT = [5, 17, 33, 5, 17]
HEAD = unembed.Site(kind="z", layer=0, head=1)


def wrapped(seed: int = 0) -> unembed.Model:
    return unembed.wrap(random_models.build("llama", seed=seed, layers=2), None)


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return wrapped()


OF_A_MODEL: dict[str, Callable] = {
    "explain": lambda model, run: unembed.explain(model, run, test=False).ledger.sum,
    "explain_answer": lambda model, run: unembed.explain_answer(model, run, [7, 9], test=False).ledger.sum,
    "lens": lambda model, run: unembed.lens(model, run).kl.sum(),
    "attention": lambda model, run: unembed.attention(model, run).ledger.sum,
    "ablate": lambda model, run: unembed.ablate(model, run, 7).effects[0].logit,
    "patch": lambda model, run: unembed.patch(model, run, PROMPT[::-1], 7, 9).clean,
    "evaluate_circuit": lambda model, run: (
        unembed.evaluate_circuit(model, run, PROMPT[::-1], 7, 9, [("input", "m0"), ("m0", "logits")]).circuit
    ),
    "path_patch": lambda model, run: unembed.path_patch(model, run, [zero(HEAD)], "logits", _logit).sum(),
    "causal_trace": lambda model, run: unembed.causal_trace(model, run, 7, subject=[1], samples=1).restored.sum(),
    "attribute": lambda model, run: unembed.attribute(model, run, 7).values[0].sum(),
    "generate": lambda model, run: next(iter(unembed.generate(model, run))).logit,
    "steer": lambda model, run: unembed.steer(model, run, torch.ones(32), layer=0).length,
    "expand_paths": lambda model, run: unembed.expand_paths(model, run, open_at_most=5).sum,
    "graph": lambda model, run: unembed.graph(model, run, nodes=5).sum,
    "attention_score": lambda model, run: unembed.attention_score(model, run, 1, 0).score,
    "words": lambda model, run: unembed.words(model, run, 7, by="token").value.log_probability,
    "head_pairs": lambda model, run: unembed.head_pairs(model, run, 7, heads=2).pairs[0].together,
    "compare_weights": lambda model, run: unembed.compare_weights(model, run, wrapped(seed=2), 7).difference,
    "noise": lambda model, run: unembed.noise(model, run, seeds=2, text=[1, 2, 3, 4] * 5).plain.heads.sum(),
    "intervene": lambda model, run: intervene(model, run, 7, [Change(Part("mlp", 0), "zero")]).target_after.logit,
    "continued": lambda model, run: direct_logits(model, continued(model, run, 1)).sum(),
    "readout": lambda model, run: unembed.readout(model, run, 7).value,
    "difference": lambda model, run: unembed.directions.difference(model, run, layer=1).sum(),
    "read_direction": lambda model, run: unembed.read_direction(model, run, [1.0] * 32).value,
}
"""The functions that take a model, and a run as its prompt."""


def _logit(logits):
    return logits[:, 0, 7]


OF_A_RUN: dict[str, Callable] = {
    "counterfactual": lambda run: unembed.counterfactual(run, zero(HEAD), 7),
    "counterfactuals": lambda run: unembed.counterfactuals(run, [zero(HEAD)], _logit).sum(),
    "gradients": lambda run: unembed.gradients(run, [zero(HEAD)], lambda x: x[:, 0, 7], [])[0].sum(),
    **{name: lambda run, ask=ask: ask(run.model, run) for name, ask in OF_A_MODEL.items()},
}
"""The functions that take a run, and read it by the model's weights."""


_RECORDED = re.compile(r"\bRun\b")


def _takes_a_run() -> Iterator[tuple[Callable, bool]]:
    """Every function without an underscore, of any module, that takes a run; and whether it takes a model as well."""
    for module in pkgutil.walk_packages(unembed.__path__, "unembed."):
        if module.name.endswith("__main__") or module.name.startswith("unembed.cli"):
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(found) and found.__module__ == module.name and not name.startswith("_"):
                taken = inspect.signature(found).parameters
                if _RECORDED.search(" ".join(str(p.annotation) for p in taken.values())):
                    yield found, "model" in taken


def test_every_function_that_takes_a_model_and_a_run_is_tried_here() -> None:
    assert {found.__name__ for found, with_model in _takes_a_run() if with_model} == {
        *OF_A_MODEL,
        "prompt_of",
        "literally",
        "call_block",  # which calls a block of any model as it was called in a run
    }


def test_every_public_function_that_takes_a_run_is_tried_here() -> None:
    public = {getattr(unembed, name) for name in unembed.__all__}
    found = {found.__name__ for found, _ in _takes_a_run() if found in public}
    assert found == ({*OF_A_RUN, "input_credit"} - {"intervene", "continued", "difference"})


@pytest.mark.parametrize("name", OF_A_MODEL)
def test_a_run_of_another_model_is_refused(name: str, model: unembed.Model) -> None:
    run, twin = unembed.record(model, PROMPT), wrapped(seed=1)
    with pytest.raises(unembed.InputError, match="run is of another model"):
        OF_A_MODEL[name](twin, run)
    again = unembed.wrap(model.module, None)  # another `Model` of the same module
    assert float(OF_A_MODEL[name](again, run)) == float(OF_A_MODEL[name](model, run))


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_run_is_refused_unless_its_weights_are_the_models(name: str) -> None:
    model = wrapped()
    ask = OF_A_RUN[name]
    edit = weight_edits(model, [scaled(0, [1, 2], 3.0)], "a change")
    namesake = weight_edits(model, [scaled(0, [3, 4], -2.0)], "a change")
    before = unembed.record(model, PROMPT)
    plain = float(ask(before))
    with unembed.applied(model, edit):
        with pytest.raises(unembed.InputError, match=r"no longer those of the run.*\(none\).*\(a change\)"):
            ask(before)
        inside = unembed.record(model, PROMPT)
        edited = float(ask(inside))
    assert edited != plain or name == "continued"  # which reads embeddings only
    assert float(ask(before)) == plain
    for refused in (lambda: ask(inside), lambda: _under(model, namesake, lambda: ask(inside))):
        with pytest.raises(unembed.InputError, match="no longer those of the run"):
            refused()
    assert float(_under(model, edit, lambda: ask(inside))) == edited


def _under(model: unembed.Model, edit: unembed.WeightEdits, ask: Callable):
    with unembed.applied(model, edit):
        return ask()


def test_what_was_read_of_a_run_is_refused_once_its_weights_are_edited() -> None:
    model = wrapped()
    states = unembed.record(model, PROMPT)
    read = unembed.readout(states, 7)
    with unembed.applied(model, weight_edits(model, [scaled(0, [1, 2], 3.0)], "a change")):
        for ask in (
            lambda: unembed.decompose(read),
            lambda: read_states(states, -1),
        ):
            with pytest.raises(unembed.InputError, match="no longer those of the run"):
                ask()
    assert unembed.decompose(read).sum == pytest.approx(read.value)


def test_a_run_with_another_source_is_refused() -> None:
    bare = unembed.wrap(build_encoder_decoder("t5"), None)
    one, other = unembed.with_source(bare, [5, 6, 7]), unembed.with_source(bare, [8, 6, 7])
    run = unembed.record(one, [0, 4, 9])
    with pytest.raises(unembed.InputError, match="another source"):
        unembed.explain(other, run, test=False)
    assert unembed.explain(one, run, test=False).target.token == int(run.logits[-1].argmax())


def test_a_recorded_encoder_is_that_of_the_model() -> None:
    one, twin = (
        unembed.with_source(unembed.wrap(build_encoder_decoder("t5", seed=seed), None), [5, 6, 7]) for seed in (0, 1)
    )
    read = unembed.readout(unembed.record(one, [0, 4, 9]), 7)
    with pytest.raises(unembed.InputError, match="run is of another model"):
        unembed.input_credit(read, source=record_source(twin))
    assert unembed.input_credit(read, source=record_source(one)).sum == unembed.input_credit(read).sum
