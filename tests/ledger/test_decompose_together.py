"""Ledgers of several runs at once, against `decompose` of each: families with every kind of norm, and mixtures."""

import numpy as np
import pytest

import unembed
from builders import random_models
from unembed.ledger.decompose import decompose_together
from unembed.runs.record import record_together

PROMPTS = [[5, 17, 33, 5, 17], [8, 2, 60, 41, 9], [1, 1, 7, 3, 2]]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("by", ["sublayer", "head", "source+neuron"])
@pytest.mark.parametrize("family", ["falcon", "gemma2", "gpt2", "llama", "mixtral", "olmo2"])
def test_each_is_the_ledger_of_its_run(family: str, by: str) -> None:
    model = unembed.wrap(random_models.build(family, layers=2), None)
    runs = record_together(model, PROMPTS, positions=[-1], keep="parts", streams=False)
    found = decompose_together([unembed.readout(run) for run in runs], by=by)
    for prompt, ledger in zip(PROMPTS, found, strict=True):
        alone = unembed.decompose(unembed.readout(unembed.record(model, prompt)), by=by)
        assert [(s.kind, s.layer, s.axes, s.experts) for s in ledger.segments] == [
            (s.kind, s.layer, s.axes, s.experts) for s in alone.segments
        ]
        ours, theirs = (np.concatenate([s.values.ravel() for s in x.segments]) for x in (ledger, alone))
        # Norms run in float32 in some families: what a batch sums otherwise may round there to the next number.
        assert ours == pytest.approx(theirs, abs=ledger.tolerance)
        assert ledger.value == pytest.approx(alone.value, abs=ledger.tolerance)


def test_a_run_without_calls_makes_no_versions() -> None:
    model = unembed.wrap(random_models.build("gpt2", layers=2), None)
    (run,) = record_together(model, PROMPTS[:1], positions=[-1], keep="parts")
    assert not run.has_parts
    with pytest.raises(unembed.InputError, match="kept its stream only"):
        run.check_has_calls()
