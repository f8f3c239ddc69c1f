"""Measures: their formulas of all logits, and those that are refused."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from builders.versions import case, logits_of, mixed, tiny_budget
from oracles import rerun
from unembed.engine import edits as make
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import kl_from, log_probability, logit, probability, several
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
