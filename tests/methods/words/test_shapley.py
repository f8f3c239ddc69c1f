"""Shapley values against their definition, on games whose every score is known."""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unembed.errors import InputError
from unembed.methods.words.shapley import shapley_values

Choice = frozenset[int]
NUMBER = st.floats(-1e3, 1e3, allow_nan=False)


def of(score: Callable[[Choice], float]) -> Callable[[Sequence[Choice]], list[float]]:
    return lambda choices: [score(choice) for choice in choices]


def subsets(count: int) -> list[Choice]:
    return [frozenset(c) for size in range(count + 1) for c in combinations(range(count), size)]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 5))
def test_exact_values_are_means_over_all_orders(data, count: int) -> None:
    game = dict(zip(subsets(count), data.draw(st.lists(NUMBER, min_size=2**count, max_size=2**count)), strict=True))
    found = shapley_values(count, of(game.__getitem__))
    orders = list(permutations(range(count)))
    for unit, value in enumerate(found.values):
        before = [frozenset(order[: order.index(unit)]) for order in orders]
        expected = math.fsum(game[c | {unit}] - game[c] for c in before) / len(orders)
        assert value.value == pytest.approx(expected, abs=1e-9)
        assert value.standard_error is None
    everything = frozenset(range(count))
    assert (found.all, found.none) == (game[everything], game[frozenset()])
    assert found.choices == 2**count
    assert found.exact
    largest = max(map(abs, game.values()), default=1.0) or 1.0
    assert found.error <= 1e-12 * largest * count
    assert abs(found.sum - (found.all - found.none)) == found.error


def test_every_choice_is_asked_once() -> None:
    for exact in (10, 0):
        asked: list[Choice] = []

        def score(choices: Sequence[Choice], asked=asked) -> list[float]:
            asked += choices
            return [float(len(c)) for c in choices]

        found = shapley_values(6, score, exact=exact)
        assert len(asked) == len(set(asked)) == found.choices


def cubes(choice: Choice) -> float:
    """A game of 12 units with interactions of three."""
    return (sum(math.sin(unit + 1) for unit in choice)) ** 3 + sum(unit for unit in choice)


def exactly(count: int) -> list[float]:
    return [value.value for value in shapley_values(count, of(cubes), exact=count).values]


@pytest.mark.parametrize("seed", range(5))
def test_sampled_values_converge_and_add_up(seed: int) -> None:
    """Each within five of its standard errors, which shrink by the square root of the number of orders."""
    expected = exactly(12)
    errors = []
    for samples in (100, 1600):
        found = shapley_values(12, of(cubes), samples=samples, seed=seed)
        assert not found.exact
        assert found.error < 1e-11
        for value, true in zip(found.values, expected, strict=True):
            assert value.standard_error is not None
            assert abs(value.value - true) <= 5 * value.standard_error
        errors.append(statistics.fmean(value.standard_error or 0 for value in found.values))
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.25)


def test_standard_errors_are_the_spread_of_estimates() -> None:
    """Over 400 seeds; the standard deviation of 400 draws is known to 3.5%, so 15% is four of its deviations."""
    made = [shapley_values(6, of(cubes), exact=0, samples=16, seed=seed) for seed in range(400)]
    for unit in range(6):
        spread = statistics.stdev(found.values[unit].value for found in made)
        told = math.sqrt(statistics.fmean((found.values[unit].standard_error or 0) ** 2 for found in made))
        assert told == pytest.approx(spread, rel=0.15)


def test_what_needs_no_order_has_no_error() -> None:
    """In an additive game every order tells the values; in one of pairs an order and its reverse do."""
    chosen = random.Random(4)
    alone = [chosen.uniform(-1, 1) for _ in range(12)]
    both = {pair: chosen.uniform(-1, 1) for pair in combinations(range(12), 2)}

    def additive(choice: Choice) -> float:
        return sum(alone[unit] for unit in choice)

    def pairs(choice: Choice) -> float:
        return additive(choice) + sum(value for pair, value in both.items() if choice.issuperset(pair))

    for unit, value in enumerate(shapley_values(12, of(additive), samples=2).values):
        assert value.value == pytest.approx(alone[unit], abs=1e-12)
        assert value.standard_error == pytest.approx(0, abs=1e-12)
    for unit, value in enumerate(shapley_values(12, of(pairs), samples=2).values):
        expected = alone[unit] + sum(x for pair, x in both.items() if unit in pair) / 2
        assert value.value == pytest.approx(expected, abs=1e-12)
        assert value.standard_error == pytest.approx(0, abs=1e-12)


def test_the_same_seed_gives_the_same_values() -> None:
    one, same, other = (shapley_values(12, of(cubes), samples=4, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.values != other.values


@pytest.mark.parametrize(
    ("count", "asked", "said"),
    [
        (0, {}, "no unit"),
        (3, {"exact": 15}, "expected 0 to 14"),
        (3, {"exact": -1}, "expected 0 to 14"),
        (3, {"exact": 2, "samples": 1}, "Expected 2 pairs of orders"),
    ],
)
def test_what_cannot_be_asked_is_refused(count: int, asked: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        shapley_values(count, of(cubes), **asked)
