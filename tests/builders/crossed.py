"""Which of the crossed cases of a test `make test` tries: few that together show each value beside each.

A test with three parametrized arguments has a case for each combination. `@pytest.mark.crossed(n)` keeps as many as
show every choice of `n` values of different arguments together in one case: with 1 each value once, with 2 each pair.
The others are marked slow: `make studies` tries all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest

Case = Mapping[str, int]
"""Which of its values each argument has, by a number."""


def cover(cases: Sequence[Case], together: int) -> set[int]:
    """The places of cases that show every `together` values that stand together in any case; greedily few.

    Of those that show most, the first whose values were seldom chosen is taken each time. So values take turns, and
    the same cases give the same choice in every process.
    """
    shows = [{frozenset(some) for some in combinations(sorted(case.items()), together)} for case in cases]
    left = set().union(*shows)
    chosen: set[int] = set()
    times: Counter[tuple[str, int]] = Counter()
    while left:
        best = max(range(len(cases)), key=lambda place: (len(shows[place] & left), -_seen(cases[place], times)))
        chosen.add(best)
        times.update(cases[best].items())
        left -= shows[best]
    return chosen


def _seen(case: Case, times: Mapping[tuple[str, int], int]) -> int:
    return sum(times[each] for each in case.items())


def leave_to_studies(items: Sequence[pytest.Item]) -> None:
    """Marks slow what `crossed` leaves out of these tests."""
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("crossed") and not item.get_closest_marker("slow"):
            groups.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for group in groups.values():
        (together,) = group[0].get_closest_marker("crossed").args
        chosen = cover([{name: id(value) for name, value in item.callspec.params.items()} for item in group], together)
        for place, item in enumerate(group):
            if place not in chosen:
                item.add_marker(pytest.mark.slow)
