"""A run answers for the model that made it: every function that is given a run refuses one it was not recorded with."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator

import pytest

import unembed
from builders import random_models
from builders.random_encoder_decoders import build as build_encoder_decoder
from unembed.engine.edits import zero
from unembed.methods.knowledge.weight_edits import scaled, weight_edits
from unembed.methods.lens import read_lens, read_states
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
    "expand_paths": lambda model, run: unembed.expand_paths(model, run, open_at_most=5).sum,
    "attention_score": lambda model, run: unembed.attention_score(model, run, 1, 0).score,
    "attention": lambda model, run: unembed.attention(model, run.trace).ledger.sum,
    "run_of": lambda model, run: importlib.import_module("unembed.runs.run").run_of(model, run).trace.logits.sum(),
}
"""The functions that take a model, and a run as its prompt."""


def _logit(logits):
    return logits[:, 0, 7]


OF_A_RUN: dict[str, Callable] = {
    "counterfactuals": lambda run: unembed.counterfactuals(run, [zero(HEAD)], _logit).sum(),
    "gradients": lambda run: unembed.gradients(run, [zero(HEAD)], lambda x: x[:, 0, 7], [])[0].sum(),
    "path_patch": lambda run: unembed.path_patch(run, [zero(HEAD)], "logits", _logit).sum(),
    "readout": lambda run: unembed.readout(run.trace, 7).value,
    "read_direction": lambda run: unembed.read_direction(run.trace, [1.0] * 32).value,
}
"""The public functions that take a run, or the trace of one, and read it by the model's weights."""


_RECORDED = re.compile(r"\b(Run|Trace)\b")


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
    assert {found.__name__ for found, with_model in _takes_a_run() if with_model} == set(OF_A_MODEL)


def test_every_public_function_that_takes_a_run_is_tried_here() -> None:
    public = {getattr(unembed, name) for name in unembed.__all__}
    found = {found.__name__ for found, _ in _takes_a_run() if found in public}
    assert found - set(OF_A_MODEL) == {*OF_A_RUN, "input_credit"}  # which is tried below


@pytest.mark.parametrize("name", OF_A_MODEL)
def test_a_run_of_another_model_is_refused(name: str, model: unembed.Model) -> None:
    run, twin = unembed.base_run(model, PROMPT), wrapped(seed=1)
    with pytest.raises(unembed.InputError, match="run is of another model"):
        OF_A_MODEL[name](twin, run)
    again = unembed.wrap(model.module, None)  # another `Model` of the same module
    assert float(OF_A_MODEL[name](again, run)) == float(OF_A_MODEL[name](model, run))


@pytest.mark.parametrize("name", [*OF_A_MODEL, *OF_A_RUN])
def test_a_run_is_refused_unless_its_weights_are_the_models(name: str) -> None:
    model = wrapped()
    ask = OF_A_RUN.get(name) or (lambda run: OF_A_MODEL[name](model, run))
    edit = weight_edits(model, [scaled(0, [1, 2], 3.0)], "a change")
    namesake = weight_edits(model, [scaled(0, [3, 4], -2.0)], "a change")
    before = unembed.base_run(model, PROMPT)
    plain = float(ask(before))
    with unembed.applied(model, edit):
        with pytest.raises(unembed.InputError, match=r"no longer those of the run.*\(none\).*\(a change\)"):
            ask(before)
        inside = unembed.base_run(model, PROMPT)
        edited = float(ask(inside))
    assert edited != plain
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
    read = unembed.readout(unembed.record(model, PROMPT), 7)
    states = unembed.base_run(model, PROMPT)
    with unembed.applied(model, weight_edits(model, [scaled(0, [1, 2], 3.0)], "a change")):
        for ask in (
            lambda: unembed.decompose(read),
            lambda: read_lens(states.trace),
            lambda: read_states(states.trace, -1),
        ):
            with pytest.raises(unembed.InputError, match="no longer those of the run"):
                ask()
    assert unembed.decompose(read).sum == pytest.approx(read.value)


def test_a_run_with_another_source_is_refused() -> None:
    bare = unembed.wrap(build_encoder_decoder("t5"), None)
    one, other = unembed.with_source(bare, [5, 6, 7]), unembed.with_source(bare, [8, 6, 7])
    run = unembed.base_run(one, [0, 4, 9])
    with pytest.raises(unembed.InputError, match="another source"):
        unembed.explain(other, run, test=False)
    assert unembed.explain(one, run, test=False).target.token == int(run.trace.logits[-1].argmax())


def test_a_recorded_encoder_is_that_of_the_model() -> None:
    one, twin = (
        unembed.with_source(unembed.wrap(build_encoder_decoder("t5", seed=seed), None), [5, 6, 7]) for seed in (0, 1)
    )
    read = unembed.readout(unembed.record(one, [0, 4, 9]), 7)
    with pytest.raises(unembed.InputError, match="run is of another model"):
        unembed.input_credit(read, source=record_source(twin))
    assert unembed.input_credit(read, source=record_source(one)).sum == unembed.input_credit(read).sum
