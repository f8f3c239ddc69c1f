"""Every result of a public function keeps the one protocol of results (runs/result.py), with its own numbers."""

import inspect
import io
import json
import re
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import jsonschema
import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
import torch
from matplotlib.figure import Figure

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.results import HOSTILE, MADE, PROMPT, every_result, hostile_model
from unembed.errors import counted
from unembed.models.labels import visible
from unembed.runs.result import Result
from unembed.view.payloads import payload_of, to_json

ASKED_WITH = {
    "Model",
    "Family",
    "Edit",
    "Question",
    "PromptSet",
    "TokenMeasure",
    "TextMeasure",
    "Fact",
    "Relation",
    "WeightEdits",
}
"""Types that public functions make and others take: no answers."""
SCHEMAS = {
    "explain",
    "lens",
    "attention",
    "ablate",
    "patch",
    "causal_trace",
    "steer",
    "expand_paths",
    "attention_score",
}
SCHEMAS |= {"composition_scores", "measure_head_roles", "measure_stack_roles", "noise", "attribute", "words"}
SCHEMAS |= {"explain_answer", "compare_weights", "evaluate_circuit", "graph", "study", "head_pairs"}
"""What commands of the same question print."""


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return hostile_model()


@pytest.fixture(scope="module")
def results(model) -> dict[str, Any]:
    return every_result(model)


@pytest.fixture(params=MADE)
def result(request, results) -> Any:
    return results[request.param]


def sizes(result: Any, entries: Any) -> list[float]:
    return [abs(getattr(entry, result.measure)) for entry in entries]


# Which types


def public_functions() -> Iterator[Callable[..., Any]]:
    for name in unembed.__all__:
        found = getattr(unembed, name)
        if isinstance(found, ModuleType):
            yield from (getattr(found, each) for each in found.__all__ if inspect.isfunction(getattr(found, each)))
        elif inspect.isfunction(found):
            yield found


def returned(function: Callable[..., Any]) -> Iterator[type]:
    """The classes in the annotation of what a function returns."""
    own = inspect.unwrap(function)
    found = own.__annotations__["return"]
    waiting = [eval(found, own.__globals__) if isinstance(found, str) else found]
    while waiting:
        one = waiting.pop()
        waiting += typing.get_args(one)
        if inspect.isclass(one) and is_dataclass(one):
            yield one


def test_every_public_function_returns_a_result_or_what_one_asks_with(results):
    made = {type(result).__name__ for result in results.values()}
    found = {kind.__name__: kind for function in public_functions() for kind in returned(function)}
    assert len(found) > 20
    answers = {name: kind for name, kind in found.items() if name not in ASKED_WITH}
    assert {name for name, kind in answers.items() if not issubclass(kind, Result)} == set()
    assert answers.keys() == made


def test_the_walk_reads_annotations():
    assert [kind.__name__ for kind in returned(unembed.generate)] == ["Step"]
    assert [kind.__name__ for kind in returned(unembed.explain)] == ["Explanation"]


# What all of them have


def test_a_result_says_what_it_is_about(result, model):
    assert result.model is model or type(result).__name__ == "StackRoles"  # which is of another kind of model
    of_no_prompt = {"Study", "KeptHeads", "Composition", "OV", "QK", "HeadRoles", "StackRoles"}
    assert result.tokens == (() if type(result).__name__ in of_no_prompt else tuple(PROMPT))
    assert result.token_texts == tuple(HOSTILE[token] for token in result.tokens)
    assert result.complete
    assert all(isinstance(note, str) for note in result.notes)
    assert result.unit


def test_top_is_the_largest_of_the_entries(result):
    entries = list(result.entries())
    assert entries
    expected = sorted(sizes(result, entries), reverse=True)
    for count in (0, 1, 3, 10**6):
        top = list(result.top(count))
        assert sizes(result, top) == expected[:count]
        assert all(entry in entries for entry in top[:20])
    assert len({id(entry) for entry in result.top(3)}) == min(3, len(entries))


def test_fewer_than_no_entries_are_refused(result):
    with pytest.raises(unembed.InputError, match="a count as a whole number of at least 0, found -1"):
        result.top(-1)


@pytest.mark.parametrize("wrong", [-1, 1.5, "3", None, float("nan")])
def test_what_is_no_count_is_refused(wrong):
    with pytest.raises(unembed.InputError, match=re.escape(f"top as a whole number of at least 0, found {wrong!r}")):
        counted(wrong, "top")
    assert counted(np.int64(3), "top") == 3


def test_the_table_has_a_row_an_entry_with_names_and_no_bare_ids(result):
    table = result.to_polars()
    assert table.height == len(result.entries())
    assert table[result.measure].to_list() == [getattr(entry, result.measure) for entry in result.entries()]
    assert table.schema[table.columns[0]] == pl.String
    assert table[table.columns[0]].null_count() == 0
    for index, text in (("position", "token"), ("source", "source_token")):
        if {index, text} <= set(table.columns) and type(result).__name__ != "Steering":
            expected = [None if place is None else result.token_texts[place] for place in table[index]]
            assert table[text].to_list() == expected


def test_a_table_of_pandas_has_the_same_rows(results, monkeypatch):
    table = results["decompose"].to_polars()
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda data, columns: (data, columns)))
    assert results["decompose"].to_pandas() == (table.to_dict(as_series=False), table.columns)


def test_where_pandas_is_missing_it_is_asked_for(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(unembed.InputError, match="to_pandas needs pandas: pip install pandas"):
        results["decompose"].to_pandas()


OWN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "record": ("logit", lambda run: run.logits[-1]),
    "decompose": ("value", lambda ledger: np.concatenate([s.values.ravel() for s in ledger.segments])),
    "explain": ("value", lambda found: np.concatenate([s.values.ravel() for s in found.ledger.segments])),
    "lens": ("kl", lambda lens: lens.kl.flatten()),
    "attention": ("contribution", lambda found: np.concatenate([view.contribution for view in found.heads])),
    "ablate": ("logit", lambda found: [effect.logit for effect in found.effects]),
    "patch": ("effect", lambda found: torch.cat([found.effect("denoise"), found.effect("noise")])),
    "patch heads": ("value", lambda found: found.values["denoise"]),
    "causal_trace": ("value", lambda found: found.restored.mean(0).flatten()),
    "steer": ("logit", lambda found: [step.logit for step in (*found.unsteered, *found.steered)]),
    "expand_paths": ("value", lambda found: [path.value for path in found.paths]),
    "graph": ("worth", lambda found: [node.worth for node in found.nodes]),
    "attention_score": ("content", lambda found: found.content.ravel()),
    "composition_scores": ("score", lambda found: np.concatenate([x[np.isfinite(x)] for x in found.scores.values()])),
    "ov_circuit": ("value", lambda ov: torch.linalg.svdvals((ov.reads @ ov.writes).double())[:8]),
    "qk_circuit": ("value", lambda qk: torch.linalg.svdvals((qk.query @ qk.key.T).double())[:8]),
    "measure_head_roles": ("score", lambda found: torch.cat([r.scores.flatten() for r in found.roles.values()])),
    "noise": (
        "change",
        lambda found: torch.cat([(c.heads - found.plain.heads[:1])[:, 0].mean(0).flatten() for c in found.conditions]),
    ),
    "attribute": ("value", lambda found: torch.cat(found.values)),
}


@pytest.mark.parametrize("name", OWN)
def test_the_numbers_of_the_table_are_those_of_the_result(results, name):
    column, own = OWN[name]
    expected = np.asarray(own(results[name]), dtype=float)
    assert results[name].to_polars()[column].to_numpy() == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_readout_is_the_sum_of_its_entries(results):
    for name in ("readout", "read_direction"):
        assert sum(entry.value for entry in results[name].entries()) == pytest.approx(results[name].value, abs=1e-9)


@pytest.mark.parametrize("name", MADE)
def test_the_data_is_json_with_finite_numbers(results, name):
    result = results[name]
    data = result.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    if name.partition(" ")[0] in SCHEMAS:
        expected = json.loads(json.dumps(to_json(payload_of(result))))
        assert data == expected
        schema = unembed_schema(data["schema"])
        jsonschema.validate(data, schema)
    else:
        assert [t["text"] for t in data["tokens"]] == list(result.token_texts)
        assert [entry[result.measure] for entry in data["entries"]] == result.to_polars()[result.measure].to_list()


def unembed_schema(name: str) -> dict[str, Any]:
    from importlib import resources

    file = name.removeprefix("unembed/").replace("/", "-") + ".json"
    return json.loads((resources.files("unembed") / "view" / "schemas" / file).read_text())


def test_what_is_not_finite_is_null_in_the_data(results):
    ledger = results["decompose"]
    broken = replace(ledger, segments=(replace(ledger.segments[0], values=np.asarray(np.nan)),))
    assert broken.to_dict()["entries"][0]["value"] is None


def test_the_table_of_a_notebook_holds_no_markup_of_a_token(result):
    page = result._repr_html_()
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("<tr>") == 1 + min(10, len(result.entries()))
    if any(HOSTILE[5] in row.values() for row in map(result.columns, result.top(10))):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_hostile_tokens_stand_in_some_tables(results):
    shown = [name for name, result in results.items() if "&lt;script&gt;alert(1)" in result._repr_html_()]
    assert {"lens", "decompose", "attention", "patch", "causal_trace"} <= set(shown)


def test_an_interrupted_result_says_so(results):
    whole = results["ablate"]
    part = replace(whole, effects=whole.effects[:2])
    assert not part.complete
    assert "Interrupted" in part._repr_html_()
    assert "Interrupted" not in whole._repr_html_()
    assert part.to_polars().height == 2
    trace = results["causal_trace"]
    assert not replace(trace, asked=trace.asked + 1).complete
    patching = results["patch heads"]
    values = patching.values["denoise"].clone()
    values[1:] = torch.nan
    assert len(replace(patching, values={"denoise": values}).entries()) == 1


def test_neurons_are_ranked_by_value_and_topped_by_size(results):
    found = results["attribute"]
    values = torch.cat(found.values)
    assert found.ranked(1)[0].value == float(values.max())
    assert found.ranked()[-1].value == float(values.min())
    assert abs(found.top(1)[0].value) == float(values.abs().max())


def test_the_sources_of_cross_attention_are_named_by_the_source():
    reader = unembed.with_source(unembed.wrap(build_encoder_decoder("t5"), None), [5, 6, 7])
    run = unembed.record(reader, [0, 4, 9])
    labels = [token.label for token in reader.source.tokens]
    for found in (unembed.decompose(unembed.readout(run), by="source"), unembed.attention(run, cross=True)):
        table = found.to_polars()
        if "kind" in table.columns:
            table = table.filter(pl.col("kind") == "cross_attention")
        assert table.height
        assert table["source_token"].to_list() == [labels[place] for place in table["source"]]
    credit = unembed.input_credit(unembed.readout(run))
    embeddings = credit.to_polars().filter(pl.col("kind") == "source_embedding")
    assert embeddings["source_token"].to_list() == labels


# Pictures


def drawn(figure: Figure) -> np.ndarray:
    """The numbers of a picture: of its map, or of its bars from the top down."""
    axes = figure.axes[0]
    if axes.images:
        return np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    return np.array([bar.get_width() for bar in axes.patches])


def test_bars_are_the_top_entries(results):
    for name in ("record", "ablate neurons", "composition_scores", "ov_circuit", "noise", "attribute", "readout"):
        found = results[name]
        figure = found.plot()
        assert drawn(figure) == pytest.approx(sizes_with_sign(found, found.top(20)))
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert names == [found.name(entry) for entry in found.top(20)]
        assert figure.axes[0].get_xlabel() == found.unit


def sizes_with_sign(result: Any, entries: Any) -> list[float]:
    return [getattr(entry, result.measure) for entry in entries]


@pytest.mark.parametrize("name", ["decompose", "explain", "generate", "expand_paths", "attention_score"])
def test_bars_of_a_sum_end_with_all_that_is_left_of_it(results, name):
    found = results[name]
    whole = {"explain": lambda: found.ledger.sum, "generate": lambda: found.ledger.sum}.get(name, lambda: found.sum)()
    values = drawn(found.plot(4))
    assert values[:-1] == pytest.approx(sizes_with_sign(found, found.top(4)))
    assert values.sum() == pytest.approx(whole)


MAPS: dict[str, Callable[[Any], Any]] = {
    "lens": lambda lens: lens.target_probability,
    "attention": lambda found: np.array([view.credit for view in found.heads]).reshape(3, -1),
    "attention of one head": lambda found: found.matrix,
    "ablate": lambda found: np.array([effect.probability for effect in found.effects]).reshape(3, -1),
    "patch": lambda found: found.effect("denoise").reshape(3, -1),
    "patch heads": lambda found: found.effect().reshape(3, -1),
    "causal_trace": lambda found: found.values - found.corrupt.mean(),
    "measure_head_roles": lambda found: found.roles["induction"].scores,
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_draws_the_very_numbers(results, name):
    figure = results[name].plot()
    assert drawn(figure) == pytest.approx(np.asarray(MAPS[name](results[name]), dtype=float), abs=1e-12)
    image = figure.axes[0].images[0]
    least, most = image.get_clim()
    assert (least, most) == (0, 1) or least == -most
    # The first layer is at the bottom, the first token of a pattern at the top.
    assert image.origin == ("upper" if name == "attention of one head" else "lower")
    assert figure.axes[1].get_ylabel()


def test_every_picture_says_of_which_model_and_prompt_it_is(results):
    for name in ("lens", "attention of one head", "attention", "ablate", "patch", "causal_trace", "decompose"):
        caption = results[name].plot().get_supxlabel().replace("\n", " ")
        assert caption.startswith(f"{results[name].model.name}, float64, unembed "), name
        shown = "".join(c if c == " " else visible(c) for c in "".join(results[name].token_texts))
        assert "".join(f"Prompt: “{shown}”.".split()) in "".join(caption.split()), name
    assert "Prompt" not in results["composition_scores"].plot().get_supxlabel()


def test_a_map_of_the_other_direction_and_of_another_role(results):
    found = results["patch"]
    assert drawn(found.plot("noise")) == pytest.approx(found.effect("noise").reshape(3, -1).numpy())
    roles = results["measure_head_roles"]
    assert drawn(roles.plot("copying")) == pytest.approx(roles.roles["copying"].scores.numpy())
    with pytest.raises(unembed.InputError, match="induction"):
        roles.plot("inductive")


def test_what_was_not_computed_is_no_number_of_the_map(results):
    whole = results["ablate"]
    values = drawn(replace(whole, effects=whole.effects[:2]).plot())
    assert np.isfinite(values).sum() == 2


def saved(figure: Figure, ending: str) -> bytes:
    kept = io.BytesIO()
    figure.savefig(kept, format=ending)
    return kept.getvalue()


def test_text_stays_text_in_svg_and_pdf(results):
    figure = results["attention of one head"].plot()
    page = saved(figure, "svg").decode()
    for token in (5, 17, 33, 8):
        shown = visible(HOSTILE[token]).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f">{shown}</text>" in page
    assert "<script>alert" not in page
    assert b"/FontFile2" in saved(figure, "pdf")
    assert saved(figure, "png").startswith(b"\x89PNG")
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_pictures_leave_the_settings_of_matplotlib_alone(results):
    before, modules = mpl.rcParams.copy(), set(sys.modules)
    saved(results["lens"].plot(), "svg")
    assert mpl.rcParams.copy() == before
    assert "matplotlib.pyplot" not in set(sys.modules) - modules


def test_settings_of_the_user_do_not_reach_into_a_picture(results):
    with mpl.rc_context({"text.parse_math": True, "svg.fonttype": "path", "font.size": 30}):
        assert ">$x$</text>" in saved(results["attention of one head"].plot(), "svg").decode()


def test_without_matplotlib_a_picture_says_what_to_install(results, monkeypatch):
    monkeypatch.delitem(sys.modules, "unembed.runs.figures", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(unembed.InputError, match=r"pip install 'unembed\[plots\]'"):
        results["lens"].plot()
    assert results["lens"].to_polars().height


def test_a_long_prompt_names_every_few_positions(model):
    long = [n % 90 for n in range(60)] + [3, 4]
    figure = unembed.lens(model, long, layers=[2]).plot()
    assert drawn(figure).shape == (1, 62)
    assert not figure.axes[0].texts  # too many columns to write in
    assert figure.get_figwidth() <= 16
