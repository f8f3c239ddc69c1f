"""An explanation without heads and neurons, as the page asks it first: against the whole one.

The terms of sublayers are read from their writes in float64; those of the whole one are sums of products with the
output projections. They differ by what rounding does to a ledger, so by its tolerance at most.
"""

from dataclasses import asdict

import pytest

import unembed
from builders.random_models import build
from unembed.errors import InputError
from unembed.view.payloads import payload_of, to_json

TOKENS = (2, 31, 4, 15, 9, 26)
SAME = ("model", "tokens", "position", "predictions", "target", "reference", "lens", "notes", "sources", "asks")


@pytest.mark.parametrize("model_type", ["gemma2", "gpt2", "gpt_oss", "llama"])
def test_it_tells_what_the_whole_one_does(model_type: str) -> None:
    run = unembed.record(unembed.wrap(build(model_type)), TOKENS)
    for target in (None, 7, 12):
        whole, first = (
            to_json(payload_of(unembed.explain(run, target, test=False, parts=parts))) for parts in (True, False)
        )
        assert {name: first[name] for name in SAME} == {name: whole[name] for name in SAME}
        assert (first["heads"], first["neurons"]) == ([], [])
        assert len(whole["heads"]) == len(whole["neurons"]) == 5
        one, other = first["ledger"], whole["ledger"]
        assert one["value"] == other["value"]
        labels = [[(t["kind"], t["layer"]) for t in ledger["terms"]] for ledger in (one, other)]
        assert labels[0] == labels[1]
        for mine, theirs in zip(one["terms"], other["terms"], strict=True):
            assert mine["value"] == pytest.approx(theirs["value"], abs=other["tolerance"])


def test_what_is_tested_needs_its_parts() -> None:
    run = unembed.record(unembed.wrap(build("llama")), TOKENS)
    with pytest.raises(InputError, match="parts=False"):
        unembed.explain(run, parts=False)
    by_head = unembed.explain(run, parts=False, test=False, by="head")
    assert by_head.ledger == by_head.finest
    assert by_head.ledger.by == "head"


def test_json_is_what_the_dataclasses_hold() -> None:
    payload = payload_of(unembed.explain(unembed.wrap(build("llama")), TOKENS, swap=None))
    assert to_json(payload) == {"schema": payload.schema, **asdict(payload)}
