"""What `crossed` leaves in `make test`: every value, or every pair of values, in few cases."""

from itertools import combinations, product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.crossed import cover, leave_to_studies


def _meetings(cases: list[dict[str, int]], together: int) -> set[frozenset]:
    return {frozenset(some) for case in cases for some in combinations(case.items(), together)}


@given(sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4), together=st.integers(1, 2), data=st.data())
def test_what_meets_in_all_cases_meets_in_those_chosen(sizes, together, data) -> None:
    """Also where some combinations are no case."""
    every = [dict(zip("abcd", places, strict=False)) for places in product(*map(range, sizes))]
    cases = data.draw(st.lists(st.sampled_from(every), min_size=1, unique_by=lambda case: tuple(case.items())))
    chosen = [cases[place] for place in cover(cases, together)]
    assert _meetings(chosen, together) == _meetings(cases, together)


@pytest.mark.parametrize(("sizes", "together", "most"), [((7, 5), 1, 7), ((7, 5), 2, 35), ((6, 4, 3), 2, 30)])
def test_few_are_chosen(sizes, together, most) -> None:
    """Side by side as many as the longest argument has; of pairs hardly more than the two longest have."""
    cases = [dict(zip("abc", places, strict=False)) for places in product(*map(range, sizes))]
    assert len(cover(cases, together)) <= most


def test_values_take_turns() -> None:
    """Each of three values stands beside two of six, none beside four."""
    cases = [{"a": a, "b": b} for a in range(6) for b in range(3)]
    chosen = [cases[place]["b"] for place in cover(cases, 1)]
    assert sorted(chosen) == [0, 0, 1, 1, 2, 2]


class _Item:
    """A test as pytest collects it: as much of it as is read."""

    def __init__(self, name: str, marks: list[pytest.Mark], **places: int) -> None:
        self.nodeid = f"test_{name}[{places}]"
        self.marks = {mark.name: mark for mark in marks}
        self.callspec = SimpleNamespace(params=places)

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self.marks.get(name)

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks[mark.name] = mark.mark


def test_the_rest_is_slow_and_tests_are_chosen_each_by_itself() -> None:
    once, slow = pytest.mark.crossed(1).mark, pytest.mark.slow.mark
    items = [_Item(name, [once], one=a, other=b) for name in "pq" for a in range(3) for b in range(2)]
    items += [_Item("p", [once, slow], one=3, other=0), _Item("r", [], one=0), _Item("r", [], one=1)]
    leave_to_studies(items)
    left = [(item.nodeid[5], *item.callspec.params.values()) for item in items if not item.get_closest_marker("slow")]
    assert left == [(name, a, b) for name in "pq" for a, b in ((0, 0), (1, 1), (2, 0))] + [("r", 0), ("r", 1)]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("letter", "xy")
@pytest.mark.parametrize("number", range(3))
def test_of_these_cases_as_pytest_collects_them(request, letter, number) -> None:
    """Three are tried, and three more in studies."""
    kept = request.node.get_closest_marker("slow") is None
    assert kept == ((letter, number) in {("x", 0), ("y", 1), ("x", 2)})
