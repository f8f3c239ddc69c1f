"""The checks of the tests' calls: what does not fit its annotation is refused, and what fits is not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from builders.shape_checks import FIRST, begin_test, checked
from unembed.engine.edits import add
from unembed.models.unembedding import logits_of
from unembed.runs.kept import Heads


@checked
def product(
    x: Float[Tensor, "row inner"], y: Float[Tensor, "inner column"], *, cut: int = 0
) -> Float[Tensor, "row column"]:
    return (x @ y)[cut:]


@checked
@dataclass(frozen=True)
class Pair:
    first: Float[Tensor, "row"]
    second: Float[Tensor, "row"]
    name: str = ""


@checked
def named(count: int) -> str:
    return "x" * count if count else None  # type: ignore[return-value]


@checked
def rows(xs: Sequence[Float[Tensor, "row"]], each: Callable[[int], None]) -> Iterator[int]:
    yield from map(len, xs)


def test_what_fits_passes() -> None:
    assert product(torch.ones(2, 3), torch.ones(3, 4)).shape == (2, 4)
    assert Pair(torch.ones(2), torch.ones(2)).name == ""
    assert named(2) == "xx"
    assert list(rows([torch.ones(2), torch.ones(2)], print)) == [2, 2]
    # The names of one call bind no other, also where one is within the other.
    assert product(product(torch.ones(5, 3), torch.ones(3, 7)), torch.ones(7, 1)).shape == (5, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: product(torch.ones(2, 3), torch.ones(2, 4)),  # the inner axes differ
        lambda: product(torch.ones(2, 3), torch.ones(3)),  # one axis is missing
        lambda: product(torch.ones(2, 3), torch.ones(3, 4, dtype=torch.int)),
        lambda: product(torch.ones(2, 3), torch.ones(3, 4), cut=1),  # the result has fewer rows than x
        lambda: product(torch.ones(2, 3), torch.ones(3, 4), cut="1"),
        lambda: Pair(torch.ones(2), torch.ones(3)),
        lambda: Pair(torch.ones(2), torch.ones(2), 3),
        lambda: named("2"),
        lambda: named(0),
        lambda: rows([torch.ones(2, 2)], print),
        lambda: rows([torch.ones(2)], 3),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="violates type hint"):
        call()


def test_the_first_calls_of_each_test_are_checked() -> None:
    for _ in range(FIRST):
        assert named(1) == "x"
    assert named(0) is None
    begin_test()
    with pytest.raises(TypeError, match="violates type hint"):
        named(0)


def test_the_packages_that_compute_are_checked() -> None:
    ones = torch.ones(2, 3)
    for call in (
        lambda: add("L0 mlp", "a lot"),
        lambda: logits_of(None, ones),
        lambda: Heads(pattern=ones, value=ones, z=ones),
    ):
        with pytest.raises(TypeError, match="violates type hint"):
            call()
