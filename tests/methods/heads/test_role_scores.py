"""The rule by which a head claims a role."""

import pytest
import torch

from unembed.methods.heads.role_scores import role_scores


def test_a_claim_asks_for_more_than_the_null_and_more_than_chance():
    null = torch.arange(2000) / 2000
    found = role_scores(torch.tensor([[0.9985, 0.9995]]), 0.5, null.flip(0))
    assert found.null_high == pytest.approx(0.999)  # 1 of 2000 values is above
    assert int((null > found.null_high).sum()) == 1
    assert found.claimed.tolist() == [[False, True]]
    weak = role_scores(torch.tensor([[0.54, 0.56]]), 0.5, torch.full((10,), 0.5))
    assert weak.threshold == pytest.approx(0.55)
    assert weak.claimed.tolist() == [[False, True]]


def test_the_best_heads_come_first_and_equal_ones_in_their_order():
    found = role_scores(torch.tensor([[0.1, 0.7], [0.9, 0.7]]), 0.0, torch.zeros(1))
    assert found.top(3) == [(1, 0), (0, 1), (1, 1)]
