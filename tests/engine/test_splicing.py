"""Rows side by side in one sequence, against full re-runs."""

from dataclasses import replace
from functools import cache

import pytest

from builders import random_models
from builders.random_models import VOCAB, build
from builders.versions import Case, compare, edit, logits_of, variants
from oracles import rerun
from unembed.engine import splicing


@pytest.mark.crossed(1)
@pytest.mark.parametrize(
    "model_type", ["llama", "mistral", "gemma2", "gemma3_text", "gpt_oss", "gpt2", "gpt_neo", "opt"]
)
@pytest.mark.parametrize("sharing", [0, 6, 10**6])
def test_rows_side_by_side_equal_full_runs(model_type: str, sharing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long prompt, many rows near its end: each with a copy of the prefix, a few, or all in one sequence."""
    monkeypatch.setattr(splicing, "SIDE_BY_SIDE", sharing)
    layouts = []
    side = splicing._side_by_side
    monkeypatch.setattr(splicing, "_side_by_side", lambda *args: layouts.append(1) or side(*args))
    with rerun.exactly():
        at = long_case(model_type)
        ends, turn = [(39,), (38, 39), (36, 39), (38,)], 0
        versions = []
        for layer in (0, 1):
            for kind in sorted(set(at.kinds(layer)) - {"pattern"}):  # whose edits need a copy of the prefix
                for name in ("noise", "scale"):
                    site = variants(at, layer, kind)[turn % 2 - 1]
                    site = replace(site, positions=ends[turn % 4])
                    versions.append([edit(at, site, name, turn)])
                    turn += 1
        found = logits_of(at, [[made for made, _ in version] for version in versions], (35, 38, 39))
        for row, version in list(zip(found, versions, strict=True))[sharing % 4 :: 4]:
            compare(at, row, version, at=(35, 38, 39))
        monkeypatch.setattr(splicing, "SIDE_BY_SIDE", 0)
        apart = logits_of(at, [[made for made, _ in version] for version in versions], (35, 38, 39))
    assert float((found - apart).abs().max()) <= 1e-12 * float(apart.abs().max())
    assert bool(layouts) == (sharing > 0 and model_type != "gpt_neo")


@cache
def long_case(model_type: str) -> Case:
    overrides = {"window": 5} if model_type in random_models.WINDOWED else {}
    with rerun.exactly():
        built = Case(build(model_type, layers=2, **overrides), [(31 * i + 7) % VOCAB for i in range(40)])
        _ = built.run, built.values
    return built


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss", "gpt2"])
@pytest.mark.parametrize("scores", [1, 90, 400])
def test_a_part_of_the_queries_at_a_time_equals_all(
    model_type: str, scores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that start early, in the middle and late: a query alone, a few, or several rows."""
    with rerun.exactly():
        at = long_case(model_type)
        versions = [
            [edit(at, replace(variants(at, layer, "z")[0], positions=(start,)), "scale", start)[0]]
            for start in (0, 3, 17, 30, 39)
            for layer in (0, 1, 0)
        ]
        whole = logits_of(at, versions, (35, 39))
        monkeypatch.setattr(splicing, "SCORES", scores)
        parts = logits_of(at, versions, (35, 39))
    assert float((parts - whole).abs().max()) <= 1e-12 * float(whole.abs().max())
