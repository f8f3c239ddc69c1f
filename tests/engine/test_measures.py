"""Measures: their formulas of all logits, and those that are refused."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from builders.versions import case, logits_of, mixed, tiny_budget
from oracles import rerun
from unembed.engine import edits as make
from unembed.engine.counterfactual import counterfactuals, gradients
from unembed.engine.measures import kl_from, log_odds, log_probability, logit, probability, several
from unembed.errors import InputError
from unembed.models.sites import Site

RESID = Site(kind="resid_post", layer=1, positions=(2, 5))


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda logits: logits[:, 0, 3] * torch.nan, r"gave NaN for L1 resid_post @ 2,5 \(zero\)"),
        (lambda logits: logits.sum(), r"tensor with 2 rows, one a version; found \(\)"),
        (lambda logits: logits[:1, 0, 3], r"tensor with 2 rows, one a version; found \(1,\)"),
        (lambda logits: 3.0, "tensor with 2 rows, one a version; found float"),
    ],
)
def test_measures_that_do_not_fit_are_refused(measure: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        counterfactuals(case("llama").run, [make.zero(RESID), make.scale(RESID, 2.0)], measure)


def test_a_nan_is_blamed_on_the_version_that_has_it() -> None:
    at = case("llama")
    edits = [make.scale(Site(kind="resid_post", layer=layer), 2.0 + layer) for layer in (2, 0, 1)]
    values = logits_of(at, edits, (-1,))[:, 0, 3]

    def measure(logits: Tensor) -> Tensor:
        found = logits[:, 0, 3]
        return found.where((found - values[1]).abs() > 1e-3, torch.nan)

    for memory in (None, tiny_budget(at, edits)):
        with pytest.raises(InputError, match=r"for L0 resid_post @ 0,1,2,3,4,5,6,7,8 \(scale by 2\)"):
            counterfactuals(at.run, edits, measure, memory=memory)


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss", "phi"])
def test_measures_are_their_formulas_of_all_logits(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        edits = [made for made, _ in (version[0] for version in mixed(at))]
        logits = logits_of(at, edits, (5, -1)).double()
        p = logits.softmax(-1)
        expected = {
            logit(7): logits[:, 0, 7],
            logit(7, 9): logits[:, 0, 7] - logits[:, 0, 9],
            log_probability([4, 9]): p[:, 0, 4].log() + p[:, 1, 9].log(),
            probability([4, 9]): p[:, 0, 4] * p[:, 1, 9],
            log_odds(7): p[:, 0, 7].log() - torch.log1p(-p[:, 0, 7]),
            several(log_odds(7), logit(7, 9)): torch.stack(
                [p[:, 0, 7].log() - torch.log1p(-p[:, 0, 7]), logits[:, 0, 7] - logits[:, 0, 9]], -1
            ),
            several(logit(7), log_probability([4, 9])): torch.stack(
                [logits[:, 0, 7], p[:, 0, 4].log() + p[:, 1, 9].log()], -1
            ),
        }
        q = at.logits[[5, -1]].softmax(-1)
        expected[kl_from(at.logits[[5, -1]])] = (q * (q.log() - p.log())).sum((-1, -2))
        for measure, value in expected.items():
            found = counterfactuals(at.run, edits, measure, at=(5, -1))
            assert torch.allclose(found, value, rtol=1e-10, atol=1e-12)
            assert torch.allclose(measure(logits), value, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("model_type", ["llama", "gemma2"])
def test_the_slope_of_log_odds_is_that_through_all_logits(model_type: str) -> None:
    """With a soft-cap too, whose slope is nothing where the token is left out of the sum."""
    with rerun.exactly():
        at = case(model_type)
        leaf = torch.zeros(at.run.final.shape[-1], dtype=torch.float64, requires_grad=True)
        edit = make.add(Site(kind="resid_post", layer=1, positions=(5,)), leaf)
        slim, (slope,) = gradients(at.run, [edit], log_odds(7), [leaf])
        whole, (expected,) = gradients(at.run, [edit], lambda logits: log_odds(7)(logits), [leaf])
        assert torch.allclose(slim, whole, rtol=1e-10)
        assert torch.allclose(slope, expected, rtol=1e-9, atol=1e-12)
        assert float(slope.abs().max()) > 1e-3


def test_log_odds_hold_where_one_minus_p_is_lost() -> None:
    logits = torch.zeros(1, 1, 5)
    logits[0, 0, 2] = 40.0
    assert float(log_odds(2)(logits)) == pytest.approx(40 - math.log(4), abs=1e-6)
    assert float(probability([2])(logits)) == 1.0


def test_log_odds_stand_beside_logits_only() -> None:
    with pytest.raises(InputError, match="Log-odds stand beside logits only"):
        several(log_odds(7), probability([7]))
