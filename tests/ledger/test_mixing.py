"""What a head's mix of many values loses to rounding is what `mixing` says, beside the same mix in float64."""

import pytest
import torch

from unembed.ledger.decompose import mixing
from unembed.ledger.ledger import Segment
from unembed.ledger.roundings import UNIT

HEADS, WIDTH = 64, 8


@pytest.mark.parametrize("keys", [16, 512, 16384])
@pytest.mark.parametrize("agree", [True, False], ids=["values agree", "values differ"])
def test_mixes_lose_what_the_model_of_rounding_says(agree: bool, keys: int) -> None:
    """Within a factor of 4 over many heads: BLAS of other machines sums in other orders."""
    draw = torch.Generator().manual_seed(keys)
    pattern = torch.randn(HEADS, 1, keys, generator=draw).softmax(-1)
    value = torch.randn(HEADS, 1 if agree else keys, WIDTH, generator=draw).expand(-1, keys, -1).contiguous()
    folded = torch.randn(HEADS, WIDTH, 1, generator=draw, dtype=torch.float64)
    mixed = ((pattern @ value).double() @ folded)[:, 0, 0]
    terms = pattern[:, 0].double() * (value.double() @ folded)[..., 0]
    lost = float((mixed - terms.sum(-1)).norm())
    said = UNIT * mixing([Segment("head", 0, ("head", "source"), terms.numpy())])
    assert said / 4 <= lost <= 4 * said


def test_only_what_is_told_by_source_counts() -> None:
    assert mixing([Segment("head", 0, ("head",), torch.ones(HEADS, dtype=torch.float64).numpy())]) == 0.0
