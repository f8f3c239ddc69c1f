"""Runs that the tests of ledgers read."""

import pytest

import unembed
from builders.ledgers import TOKENS
from builders.random_models import build


@pytest.fixture(scope="module")
def traces():
    """One trace a family, made when first asked for."""
    made: dict[str, unembed.Run] = {}

    def get(model_type: str) -> unembed.Run:
        if model_type not in made:
            made[model_type] = unembed.record(unembed.wrap(build(model_type)), TOKENS)
        return made[model_type]

    return get
