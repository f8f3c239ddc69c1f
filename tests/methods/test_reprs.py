"""What a result looks like at a prompt: a few lines that say what it is and what it found, however large it is."""

import html
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest
import torch

import unembed
from browser.document import Document
from builders import random_models
from builders.random_encoder_decoders import build as build_encoder_decoder
from unembed.ledger.inspect_part import inspect_part
from unembed.ledger.rows import sublayer_terms
from unembed.methods.intervene import Change, intervene
from unembed.methods.knowledge.weight_edits import scaled, weight_edits
from unembed.models.names import head_name, part_name
from unembed.models.parts import Part
from unembed.view.html.report import section_of
from unembed.view.payloads import payload_of, to_json

PROMPT, OTHER = [5, 17, 33, 5, 17, 8], [5, 17, 34, 5, 17, 8]
LINES, LENGTH = 10, 1000


class Shown(NamedTuple):
    """A result, and what its repr has to name."""

    result: Any
    finding: str


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(random_models.build("llama", layers=3), None)


@pytest.fixture(scope="module")
def reader() -> unembed.Model:
    """A model that reads a source."""
    return unembed.with_source(unembed.wrap(build_encoder_decoder("t5"), None), [5, 6, 7])


def _largest(values: Any, key: Callable[[Any], float]) -> Any:
    return max(values, key=lambda each: abs(key(each)))


def _ablation(model: unembed.Model, site: Any) -> Shown:
    found = unembed.ablate(model, PROMPT, site=site)
    best = _largest(found.effects, lambda effect: effect.probability)
    return Shown(found, f"{part_name(site, best.layer, best.head, None, best.neuron)} {best.probability:+.3f}")


def _explanation(model: unembed.Model) -> Shown:
    found = unembed.explain(model, PROMPT)
    best = _largest(found.ledger.terms(), lambda term: term.value)
    return Shown(found, f"{best.label} {best.value:+.2f}")


def _answer(model: unembed.Model) -> Shown:
    found = unembed.explain_answer(model, PROMPT, [7, 33, 8])
    best = _largest(found.ledger.entries(), lambda term: term.value)
    return Shown(found, f"log P {found.log_probability:+.4f}; {best.label} {best.value:+.2f}")


def _patching(model: unembed.Model) -> Shown:
    found = unembed.patch(model, PROMPT, OTHER, site="head")
    best = int(found.effect().abs().argmax())
    cell = found.cells[best]
    return Shown(found, f"{head_name(cell.layer, cell.head or 0)} {float(found.effect()[best]):+.2f}")


def _tracing(model: unembed.Model) -> Shown:
    found = unembed.causal_trace(model, PROMPT, subject=[2])
    layer, position = divmod(int(found.values.argmax()), len(PROMPT))
    return Shown(found, f"L{layer} @ {position} restored: {float(found.values.max()):.3g}")


def _steering(model: unembed.Model) -> Shown:
    found = unembed.steer(model, PROMPT, torch.linspace(-9, 9, model.d_model), layer=1, tokens=40)
    return Shown(found, "".join(step.text for step in found.steered)[:60])


def _roles(model: unembed.Model) -> Shown:
    found = unembed.measure_head_roles(model)
    scores = found.roles["induction"].scores
    best = divmod(int(scores.argmax()), model.heads)
    return Shown(found, f"induction: {head_name(*best)} {float(scores.max()):.2f}")


def _noise(model: unembed.Model) -> Shown:
    found = unembed.noise(model, PROMPT, text=[n % 90 for n in range(600)])
    return Shown(found, f"{max(float(condition.kl.mean()) for condition in found.conditions):.3g}")


def _ov(model: unembed.Model) -> Shown:
    found = unembed.ov_circuit(model, 1, 1)
    return Shown(found, f"norm {float((found.reads @ found.writes).norm()):.3g}")


def _qk(model: unembed.Model) -> Shown:
    found = unembed.qk_circuit(model, 1, 1)
    return Shown(found, f"norm {float((found.query @ found.key.T).norm()):.3g}")


def _paths(model: unembed.Model) -> Shown:
    found = unembed.expand_paths(model, PROMPT)
    return Shown(found, f"{found.paths[0].label} {found.paths[0].value:+.2f}")


def _graph(model: unembed.Model) -> Shown:
    found = unembed.graph(model, PROMPT, nodes=500)
    return Shown(found, f"{found.nodes[0].label} {found.nodes[0].worth:+.2f}")


def _readout(model: unembed.Model) -> Shown:
    found = unembed.readout(unembed.record(model, PROMPT), 7)
    return Shown(found, f"token 7 (mean): {found.value:+.4f}")


def _ledger(model: unembed.Model) -> Shown:
    found = unembed.decompose(_readout(model).result, by="source+neuron")
    return Shown(found, f"{found.top(1)[0].label} {found.top(1)[0].value:+.2f}")


def _attention(model: unembed.Model) -> Shown:
    found = unembed.attention(model, PROMPT)
    best = _largest(found.heads, lambda view: view.credit)
    return Shown(found, f"{head_name(best.layer, best.head)} {best.credit:+.2f}")


def _attribution(model: unembed.Model) -> Shown:
    found = unembed.attribute(model, PROMPT, 7)
    return Shown(found, f"{found.top(1)[0].label} {found.top(1)[0].value:+.3f}")


def _evaluated(model: unembed.Model) -> Shown:
    found = unembed.evaluate_circuit(model, PROMPT, OTHER, 7, 9, [("input", "m0"), ("m0", "logits")])
    return Shown(found, f"2 of 262 edges, faithfulness {found.faithfulness:.3f}")


def _pairs(model: unembed.Model) -> Shown:
    found = unembed.head_pairs(model, PROMPT, 7, heads=3)
    (best,) = found.top(1)
    return Shown(found, f"{best.label} {best.interaction:+.3f}")


def _composition(model: unembed.Model) -> Shown:
    found = unembed.composition_scores(model)
    return Shown(found, f"{found.top(1)[0].label} {found.top(1)[0].score:.2f}")


def _score(model: unembed.Model) -> Shown:
    found = unembed.attention_score(model, PROMPT, 1, 1)
    (best,) = found.top(1)
    return Shown(found, f"{best.query.label} × {best.key.label} {best.value:+.2f}")


def _lens(model: unembed.Model) -> Shown:
    found = unembed.lens(model, PROMPT)
    return Shown(found, f"{int(found.target_rank[-2, -1])} {int(found.target_rank[-1, -1])})")


def _compared(model: unembed.Model) -> Shown:
    found = unembed.compare_weights(model, PROMPT, model, 7)
    return Shown(found, "+0.00 logits from llama")


def _step(model: unembed.Model) -> Shown:
    (found,) = unembed.generate(model, PROMPT, tokens=1)
    return Shown(found, f"token={int(unembed.record(model, PROMPT).logits[-1].argmax())}")


def _inspection(model: unembed.Model) -> Shown:
    found = inspect_part(_readout(model).result, Part("head", 1, 1))
    return Shown(found, f"L1.H1 {found.value:+.2f}")


def _opened(model: unembed.Model) -> Shown:
    found = sublayer_terms(_readout(model).result, 1, "mlp")
    return Shown(found, f"{found.children[0].label} {found.children[0].value:+.2f}")


def _intervened(model: unembed.Model) -> Shown:
    found = intervene(unembed.record(model, PROMPT), 7, [Change(Part("mlp", 1), "zero")])
    return Shown(found, f"{found.target_before.probability:.3f} to {found.target_after.probability:.3f}")


def _stack_roles(model: unembed.Model) -> Shown:
    found = unembed.measure_stack_roles(unembed.wrap(build_encoder_decoder("bart")), sequences=2, top=1)
    best = found.roles["enc_next_token"].top(1)[0]
    return Shown(found, f"enc_next_token enc.L{best[0]}.H{best[1]}")


def _words(model: unembed.Model) -> Shown:
    found = unembed.words(model, PROMPT, 7, by="token", shapley=True, pairs=True)
    most = max((unit for unit in found.units if unit.mark != "last"), key=lambda unit: abs(unit.effect))
    return Shown(found, f"{most.effect:+.2f}")


def _edits(model: unembed.Model) -> Shown:
    found = weight_edits(model, [scaled(0, list(range(48)), 2.0)], "twice the value")
    return Shown(found, "twice the value")


def _study(model: unembed.Model) -> Shown:
    found = unembed.study(model, [{"prompt": PROMPT}, {"prompt": OTHER}], "lens", out=mkdtemp())
    return Shown(found, "2 of 2 rows, lens, in ")


def _prompt_set(model: unembed.Model) -> unembed.PromptSet:
    return unembed.prompt_set(model, [{"prompt": PROMPT, "corrupt": OTHER, "target": 7, "versus": 9}])


def _kept(model: unembed.Model) -> Shown:
    found = unembed.keep_heads(_prompt_set(model), ["L0.H1", "L1.H2"])
    (one,) = found.prompts
    return Shown(found, f"{one.kept / one.whole:.0%} of 1 prompts by L0.H1, L1.H2")


MADE: dict[str, Callable[[unembed.Model], Shown]] = {
    "study": _study,
    "ablate heads": lambda model: _ablation(model, "head"),
    "ablate neurons": lambda model: _ablation(model, "neuron"),
    "explain": _explanation,
    "explain_answer": _answer,
    "patch": _patching,
    "causal_trace": _tracing,
    "steer": _steering,
    "measure_head_roles": _roles,
    "measure_stack_roles": _stack_roles,
    "noise": _noise,
    "head_pairs": _pairs,
    "words": _words,
    "keep_heads": _kept,
    "prompt_set": lambda model: Shown(_prompt_set(model), "1 prompts, 1 with a counterpart"),
    "ov_circuit": _ov,
    "virtual_head": lambda model: Shown(unembed.virtual_head(model, (0, 0), (1, 1)), "reads=float32[32, 8]"),
    "qk_circuit": _qk,
    "expand_paths": _paths,
    "graph": _graph,
    "readout": _readout,
    "decompose": _ledger,
    "attention": _attention,
    "attribute": _attribution,
    "a layer path": lambda model: Shown(unembed.LayerPath(steps=20), "steps=20"),
    "a neuron path": lambda model: Shown(unembed.NeuronPath(8), "8"),
    "composition_scores": _composition,
    "evaluate_circuit": _evaluated,
    "attention_score": _score,
    "lens": _lens,
    "compare_weights": _compared,
    "generate": _step,
    "inspect_part": _inspection,
    "sublayer_terms": _opened,
    "intervene": _intervened,
    "weight_edits": _edits,
    "record": lambda model: Shown(unembed.record(model, PROMPT), "llama, 6 tokens, all positions kept"),
}


def _reachable(value: Any, seen: set[int]) -> Iterator[Any]:
    """Values of this package's types: this one, and what it holds."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list | tuple | Mapping):
        for part in list(value.values() if isinstance(value, Mapping) else value)[:20]:
            yield from _reachable(part, seen)
    elif type(value).__module__.startswith("unembed"):
        yield value
        if is_dataclass(value):
            for field in fields(value):
                yield from _reachable(getattr(value, field.name), seen)


def _check(value: Any) -> None:
    text = repr(value)
    assert len(text) <= LENGTH, f"{type(value).__name__}: {len(text)} characters, {text[:200]}"
    assert text.count("\n") < LINES, text
    assert not re.search(r"\b(tensor|array)\(", text), text


@pytest.mark.parametrize("name", list(MADE))
def test_a_result_and_all_it_holds_are_told_in_a_few_lines(model: unembed.Model, name: str) -> None:
    result, finding = MADE[name](model)
    for value in _reachable(result, set()):
        _check(value)
    assert finding in repr(result)


@pytest.mark.parametrize("name", list(MADE))
def test_a_result_shows_in_a_notebook_and_in_its_export(model: unembed.Model, name: str) -> None:
    """What it found stands there without a script, and nothing of it is markup."""
    result, finding = MADE[name](model)
    shown = unembed.show(result)
    for text in (result._repr_html_(), shown.html):
        seen = Document(text)
        assert not seen.scripts
        if text is not shown.html or not payload_of.knows(result):
            assert finding in html.unescape(re.sub("<[^>]*>", "", text))
    section = section_of(to_json(payload_of(result))) if payload_of.knows(result) else None
    assert (result._repr_html_() if section is None else section) in shown.html


def test_what_is_no_result_is_not_shown() -> None:
    with pytest.raises(unembed.InputError, match="Expected a result of this package, found int"):
        unembed.show(7)


def test_every_public_result_is_made_here(model: unembed.Model) -> None:
    kinds = {type(value).__name__ for made in MADE.values() for value in _reachable(made(model).result, set())}
    held = {
        name for name in unembed.__all__ if inspect.isclass(found := getattr(unembed, name)) and is_dataclass(found)
    }
    assert held - kinds == {"Ray"}, "where a study runs, which its result does not hold"


def test_what_an_encoder_decoder_and_a_mixture_hold(reader: unembed.Model) -> None:
    mixture = unembed.wrap(random_models.build("mixtral", layers=2), None)
    seen: set[int] = set()
    for result in (
        reader,
        unembed.explain(reader, [0, 4, 9], inputs=True),
        unembed.record(mixture, PROMPT),
        unembed.ablate(mixture, PROMPT, site="expert"),
    ):
        for value in _reachable(result, seen):
            _check(value)


def test_the_size_of_a_result_does_not_show(model: unembed.Model) -> None:
    long = [n % 90 for n in range(60)]
    for result in (
        unembed.ablate(model, long, site="neuron"),
        unembed.record(model, long, positions=range(59)),
        unembed.attribute(model, long, 7),
    ):
        for value in _reachable(result, set()):
            _check(value)


def test_no_type_shows_its_arrays(model: unembed.Model) -> None:
    """By their annotations, so that a type that no result above holds is found as well."""
    flooding = []
    for module in pkgutil.walk_packages(unembed.__path__, "unembed."):
        if module.name.endswith("__main__"):
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            if not inspect.isclass(found) or not is_dataclass(found) or found.__module__ != module.name:
                continue
            if name.startswith("_") or inspect.unwrap(found.__repr__).__code__.co_filename != "<string>":
                continue  # none, or one whose repr was written
            if any(re.search(r"Tensor|ndarray|nn\.Module", str(field.type)) and field.repr for field in fields(found)):
                flooding.append(f"{module.name}.{name}")
    assert flooding == []
