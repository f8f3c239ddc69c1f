"""Edits: the numbers of every constructor, against straight-line numpy; and what they refuse.

Each edit is applied to a value by its own formula here, `factor * x - sum_j (x . u_j) u_j + shift`; that the engine
applies it so is tested in test_counterfactual.
"""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import unembed
from builders.random_models import VOCAB, build
from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import logit
from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.sites import Site
from unembed.runs.means import means
from unembed.runs.record import record
from unembed.runs.run import Run

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3)
OTHER = (8, 1, 90, 11, 22, 4, 19, 6, 2)
SITE = Site(kind="resid_post", layer=1, positions=(2, 5))


def model(model_type: str = "llama") -> Model:
    return _model(model_type)


def run(tokens: tuple[int, ...] = TOKENS, model_type: str = "llama") -> Run:
    return _run(tokens, model_type)


@cache
def _model(model_type: str) -> Model:
    return unembed.wrap(build(model_type))


@cache
def _run(tokens: tuple[int, ...], model_type: str) -> Run:
    return record(model(model_type), tokens)


def applied(edit: Edit, x: Tensor) -> np.ndarray:
    value = x.detach().numpy()
    out = edit.factor * value
    for u in [] if edit.remove is None else edit.remove.numpy():
        out = out - (value @ u)[..., None] * u
    return out if edit.shift is None else out + edit.shift.detach().numpy()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def effect(edit: Edit) -> float:
    return float(counterfactuals(run(), [edit], logit(3))[0])


def test_zero_scale_set_and_add() -> None:
    x, value = run().at(SITE), normal(2, 32)
    assert (applied(edits.zero(SITE), x) == 0).all()
    np.testing.assert_array_equal(applied(edits.scale(SITE, -2.0), x), -2 * x.numpy())
    np.testing.assert_array_equal(applied(edits.set_to(SITE, value), x), value.numpy())
    np.testing.assert_array_equal(applied(edits.set_to(SITE, 3.0), x), np.full((2, 32), 3.0))
    np.testing.assert_array_equal(applied(edits.add(SITE, value[0]), x), x.numpy() + value[0].numpy())
    np.testing.assert_array_equal(applied(edits.add(SITE, 0.25), x), x.numpy() + 0.25)
    whats = [edits.zero(SITE), edits.scale(SITE, -2.0), edits.set_to(SITE, 3.0), edits.add(SITE, 3.0)]
    assert [edit.what for edit in whats] == ["zero", "scale by -2", "set", "add"]
    assert all(edit.site is SITE for edit in whats)


def test_apply_is_the_formula() -> None:
    """Of a stream, of heads and of single numbers; the parts of an edit together."""
    x, z = run().at(SITE), run().at(Site(kind="z", layer=1))
    both = Edit(SITE, factor=-0.5, shift=normal(32), remove=torch.linalg.qr(normal(32, 3)).Q.T)
    heads = Edit(SITE, factor=2.0, shift=normal(4, 8), remove=torch.linalg.qr(normal(8, 2)).Q.T)
    for edit, value in (
        (both, x),
        (heads, z),
        (edits.add(SITE, 3.0), x[:, 0]),
        (edits.project_out(SITE, normal(32)), x),
    ):
        np.testing.assert_allclose(edit.apply(value), applied(edit, value), rtol=0, atol=1e-13)
        assert edit.apply(value.float()).dtype == torch.float32
    leaf = normal(32).requires_grad_()
    edits.add(SITE, leaf).apply(x).sum().backward()
    np.testing.assert_array_equal(leaf.grad, np.full(32, len(x)))


def test_a_shift_keeps_its_gradient() -> None:
    leaf = normal(32).requires_grad_()
    for edit in (edits.set_to(SITE, leaf), edits.add(SITE, leaf * 2)):
        assert edit.shift is not None
        assert edit.shift.requires_grad


@pytest.mark.parametrize("count", [1, 2, 5, 32, 40])
def test_projections_against_least_squares(count: int) -> None:
    """What is left is orthogonal to the directions, and what was taken lies in their span."""
    x, directions = run().at(SITE), normal(count, 32, seed=count)
    edit = edits.project_out(SITE, directions)
    found = applied(edit, x)
    coefficients = np.linalg.lstsq(directions.numpy().T, x.numpy().T, rcond=None)[0]
    np.testing.assert_allclose(found, x.numpy() - (directions.numpy().T @ coefficients).T, atol=1e-12)
    assert edit.remove is not None
    np.testing.assert_allclose(edit.remove @ edit.remove.T, np.eye(min(count, 32)), atol=1e-13)


def test_projections_do_not_count_a_direction_twice() -> None:
    x, u, v = run().at(SITE), normal(32, seed=1), normal(32, seed=2)
    alone, both = edits.project_out(SITE, u), edits.project_out(SITE, torch.stack([u, v]))
    assert alone.remove.shape == (1, 32)
    for rows, expected in (
        ([u, u], alone),
        ([u, -3 * u, 0 * u], alone),
        ([1e-3 * u], alone),
        ([u, v, u + v], both),
        ([u, v, torch.zeros(32)], both),
    ):
        edit = edits.project_out(SITE, torch.stack(rows))
        assert edit.remove.shape == expected.remove.shape
        np.testing.assert_allclose(applied(edit, x), applied(expected, x), atol=1e-12)
    np.testing.assert_allclose(applied(alone, torch.stack([u])), 0, atol=1e-13)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_projecting_twice_is_projecting_once(rows: int, width: int, seed: int) -> None:
    edit = edits.project_out(SITE, normal(rows, width, seed=seed))
    once = applied(edit, normal(4, width, seed=seed + 1))
    np.testing.assert_allclose(applied(edit, torch.from_numpy(once)), once, atol=1e-12)


@pytest.mark.parametrize("directions", [torch.zeros(32), torch.zeros(3, 32), torch.zeros(0, 32)])
def test_projections_need_a_direction(directions: Tensor) -> None:
    with pytest.raises(InputError, match="no direction to project out: expected at least one that is not zero"):
        edits.project_out(SITE, directions)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_projections_of_directions_that_are_not_finite_are_refused(value: float) -> None:
    """At the latest by the engine, in words."""
    with pytest.raises(InputError, match="finite"):
        effect(edits.project_out(SITE, torch.full((32,), value)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_factor_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        effect(edits.scale(SITE, value))


def test_directions_of_lower_precision() -> None:
    x = run().at(SITE)
    direction = torch.zeros(32, dtype=torch.bfloat16)
    direction[4] = 2
    expected = x.clone()
    expected[:, 4] = 0
    np.testing.assert_allclose(applied(edits.project_out(SITE, direction), x), expected, atol=1e-14)


def test_noise_is_that_of_its_seed() -> None:
    x = run().at(SITE)
    edit = edits.noise(SITE, 0.5, run=run(), seed=7)
    expected = torch.randn(2, 32, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    np.testing.assert_array_equal(applied(edit, x), x + 0.5 * expected)
    assert edit.what == "noise 0.5"
    state = torch.random.get_rng_state()
    again = edits.noise(SITE, 0.5, run=run(OTHER), seed=7)
    assert torch.equal(torch.random.get_rng_state(), state), "the global generator is left alone"
    assert torch.equal(edit.shift, again.shift)
    assert not torch.equal(edit.shift, edits.noise(SITE, 0.5, run=run(), seed=8).shift)
    twice = edits.noise(SITE, 1.0, run=run(), seed=7).shift
    assert torch.equal(2 * edit.shift, twice)
    for site, shape in (
        (Site(kind="z", layer=0), (9, 4, 8)),
        (Site(kind="key", layer=0, head=1), (9, 8)),
        (Site(kind="pattern", layer=0, head=1, positions=(3,)), (1, 9)),
        (Site(kind="neuron", layer=0, neuron=4, positions=(-1,)), (1,)),
    ):
        assert edits.noise(site, 1.0, run=run()).shift.shape == shape
    many = edits.noise(Site(kind="neuron", layer=0), 2.0, run=run()).shift
    assert float(many.std()) == pytest.approx(2, rel=0.15)


# Swaps


def test_swaps_take_the_value_of_the_other_run() -> None:
    other = run(OTHER)
    edit = edits.swap(SITE, other, run=run())
    assert (edit.factor, edit.what) == (0.0, "swap")
    assert torch.equal(edit.shift, other.at(SITE))
    for site in (Site(kind="z", layer=2, head=1), Site(kind="pattern", layer=0, head=1, source=2)):
        assert torch.equal(edits.swap(site, other, run=run()).shift, other.at(site))
    same = edits.swap(Site(kind="resid_post", layer=-1, positions=(-1,)), run(), run=run())
    assert torch.equal(same.shift[0], run().final[-1])


@pytest.mark.parametrize("length", [4, 9, 12])
@given(data=st.data())
def test_aligned_swaps_pair_each_position_with_its_own(length: int, data: st.DataObject) -> None:
    """Whatever the order of the map, with sources that several positions share, and counted from the end or not."""
    other = run(tuple((11 * i + 1) % VOCAB for i in range(length)))
    positions = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=4, unique=True))
    align = {p: data.draw(st.integers(-length, length - 1)) for p in data.draw(st.permutations(positions))}
    site = Site(kind="resid_post", layer=1, positions=tuple(positions))
    edit = edits.swap(site, other, run=run(), align=align)
    rows = other.before(2)
    expected = torch.stack([rows[align[p]] for p in positions])
    assert torch.equal(edit.shift, expected)


def test_swaps_that_do_not_align_are_refused() -> None:
    short = run(TOKENS[:5])
    with pytest.raises(InputError, match=r"do not align: 9 and 5 tokens\. Give prompts of equal length, or a map"):
        edits.swap(SITE, short, run=run())
    with pytest.raises(InputError, match=r"map of positions leaves out \[5\]: every edited position needs its source"):
        edits.swap(SITE, short, run=run(), align={2: 2})
    with pytest.raises(InputError, match=r"Position 5 is outside the prompt: expected -5 to 4"):
        edits.swap(SITE, short, run=run(), align={2: 2, 5: 5})
    edits.swap(SITE, short, run=run(), align={2: 2, 5: -1})


def test_swaps_of_different_models_are_refused() -> None:
    with pytest.raises(InputError, match="different models: swaps need the same model"):
        edits.swap(SITE, run(TOKENS, "gpt2"), run=run())
    twin = record(unembed.wrap(build("llama")), TOKENS)
    with pytest.raises(InputError, match="different models"):
        edits.swap(SITE, twin, run=run())
    again = record(unembed.wrap(model().module), OTHER)
    assert torch.equal(edits.swap(SITE, again, run=run()).shift, run(OTHER).at(SITE))


def test_swaps_of_a_site_that_is_not_there_are_refused() -> None:
    with pytest.raises(InputError, match="no head 4"):
        edits.swap(Site(kind="z", layer=0, head=4), run(OTHER), run=run())
    some = record(model(), OTHER, positions=[-1])
    with pytest.raises(InputError, match=r"kept its parts at positions \[8\] only, not at \[2, 5\]"):
        edits.swap(Site(kind="z", layer=0, positions=(2, 5)), some, run=run())


def test_a_value_has_its_rows_in_the_order_in_which_positions_are_named() -> None:
    back = Site(kind="resid_post", layer=1, positions=(-4, 2))
    assert SITE.positions == (2, 5)
    assert torch.equal(run().at(back), run().at(SITE).flip(0))
    assert torch.equal(edits.swap(back, run(OTHER), run=run()).shift, run(OTHER).at(SITE).flip(0))
    value = normal(2, 32)
    assert effect(edits.set_to(back, value.flip(0))) == effect(edits.set_to(SITE, value))


# Means


@pytest.mark.parametrize(
    "site",
    [
        Site(kind="resid_post", layer=1, positions=(2, 5)),
        Site(kind="resid_mid", layer=0),
        Site(kind="z", layer=1, head=2),
        Site(kind="z", layer=1),
        Site(kind="key", layer=1, head=1, positions=(0,)),
        Site(kind="neuron", layer=2, neuron=3),
        Site(kind="pattern", layer=2, head=3, source=1),
    ],
)
def test_means_are_over_all_positions_of_all_prompts(site: Site) -> None:
    prompts = [TOKENS, OTHER[:4], [5, 6]]
    rows = []
    for prompt in prompts:
        everywhere = Site(
            kind=site.kind, layer=site.layer, head=site.head, source=site.source, neuron=site.neuron, positions=None
        )
        rows.extend(run(tuple(prompt)).at(everywhere).numpy())
    assert len(rows) == 15
    expected = np.array(rows).mean(0)
    np.testing.assert_allclose(means(model(), prompts, [site])[0], expected, atol=1e-14)
    edit = edits.mean(site, model(), iter(prompts))
    np.testing.assert_allclose(
        applied(edit, run().at(site)), np.broadcast_to(expected, run().at(site).shape), atol=1e-14
    )
    assert edit.what == "mean"


def test_means_of_experts_count_those_not_chosen_as_zero() -> None:
    site = Site(kind="expert", layer=1)
    found = means(model("mixtral"), [TOKENS, TOKENS[:3]], [site])[0]
    rows = torch.cat([run(TOKENS, "mixtral").at(site), run(TOKENS[:3], "mixtral").at(site)])
    assert rows.shape == (12, 4)
    assert ((rows != 0).sum(1) == 2).all()
    np.testing.assert_allclose(found, rows.mean(0))
    assert float(found.sum()) == pytest.approx(1, abs=1e-6)


def test_means_need_prompts() -> None:
    with pytest.raises(InputError, match="at least one prompt"):
        edits.mean(SITE, model(), [])
    with pytest.raises(InputError, match="vocabulary"):
        edits.mean(SITE, model(), [[VOCAB]])
    with pytest.raises(InputError, match="no source position 5: expected 0 to 2"):
        means(model(), [TOKENS, TOKENS[:3]], [Site(kind="pattern", layer=0, head=0, source=5)])


def test_a_mean_of_whole_patterns_needs_prompts_of_one_length() -> None:
    site = Site(kind="pattern", layer=0, head=0)
    np.testing.assert_allclose(
        means(model(), [TOKENS, OTHER], [site])[0], (run().at(site).mean(0) + run(OTHER).at(site).mean(0)) / 2
    )
    with pytest.raises(InputError, match="prompts of one length"):
        means(model(), [TOKENS, TOKENS[:3]], [site])
