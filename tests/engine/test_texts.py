"""Other texts of a run equal full runs of the unmodified module: shorter prompts, and prompts with hidden places.

The oracle of a hidden place is transformers' own mask for padding: nobody attends to it, and position ids tell the
model where the others stand. Tolerance: a walk adds the same products in another order, `n u` relative a stream with
`n` the longest dot product and `u` of float64, amplified by blocks and norms; 1e-9 of the largest logit leaves four
orders of magnitude for that. transformers' float32 norms are taken out (`rerun.exactly`).
"""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import unembed
from builders.random_models import MODEL_TYPES, build, each_family
from oracles import hidden, rerun
from unembed.engine import splicing
from unembed.engine import texts as engine
from unembed.engine.texts import Text, last_streams_of_texts
from unembed.errors import InputError
from unembed.models.unembedding import unembedded
from unembed.runs.record import record

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3, 44, 8)
LENGTH = len(TOKENS)


def closed_up(kept: Sequence[int], tokens: Sequence[int] = TOKENS) -> Text:
    return Text(tuple(tokens[p] for p in kept), tuple(range(len(kept))))


def with_gaps(kept: Sequence[int], tokens: Sequence[int] = TOKENS) -> Text:
    return Text(tuple(tokens[p] for p in kept), tuple(kept))


def logits(run, texts: Sequence[Text], count: int = 1) -> Tensor:
    return unembedded(run.model, last_streams_of_texts(run, texts, count=count))[2]


def check(module, texts: Sequence[Text], count: int = 1) -> None:
    with rerun.exactly():
        found = logits(record(unembed.wrap(module), TOKENS), texts, count)
        for text, row in zip(texts, found, strict=True):
            expected = hidden.logits(module, text.tokens, text.places)[-count:]
            bound = 1e-9 * float(expected.abs().max())
            assert float((row - expected).abs().max()) < bound, text


def choices(seed: int, count: int) -> list[tuple[int, ...]]:
    chosen = random.Random(seed)
    found = [tuple(sorted(chosen.sample(range(LENGTH), chosen.randint(2, LENGTH)))) for _ in range(count)]
    return [*found, tuple(range(LENGTH)), tuple(range(4)), (LENGTH - 2, LENGTH - 1)]


@each_family
def test_shorter_and_masked_prompts_equal_full_runs(model_type: str) -> None:
    kept = choices(1, 9)
    check(build(model_type), [*map(closed_up, kept), *map(with_gaps, kept)], count=2)


@each_family
def test_other_tokens_in_their_places_equal_full_runs(model_type: str) -> None:
    chosen = random.Random(model_type)
    texts = []
    for _ in range(6):
        tokens = list(TOKENS)
        for place in chosen.sample(range(LENGTH), 2):
            tokens[place] = chosen.randrange(97)
        texts.append(Text(tuple(tokens), tuple(range(LENGTH))))
    check(build(model_type), texts)


@given(
    st.sampled_from(MODEL_TYPES),
    st.integers(0, 10**6),
    st.lists(st.sets(st.integers(0, LENGTH - 1), min_size=1), min_size=1, max_size=12),
    st.sampled_from([1, 9, 10**6]),
)
def test_any_texts_in_any_split_equal_full_runs(model_type, seed, sets, widest) -> None:
    texts = [(closed_up if i % 2 else with_gaps)(sorted(kept)) for i, kept in enumerate(sets)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "WIDEST", widest)
        check(build(model_type, seed=seed), texts)


def test_a_beginning_that_texts_share_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All subsets of eight words of one token, in one walk: 255 tokens, where one by one they were 1,024."""
    run = record(unembed.wrap(build("llama")), TOKENS[:8])
    sizes: list[int] = []
    starts = engine._starts
    monkeypatch.setattr(engine, "_starts", lambda run, pairs: (sizes.append(len(pairs)), starts(run, pairs))[1])
    subsets = [[p for p in range(8) if mask >> p & 1] for mask in range(1, 256)]
    last_streams_of_texts(run, [with_gaps(kept) for kept in subsets])
    assert sum(map(len, subsets)) == 1024
    assert sizes == [255 - 8], "each subset ends with a token that no other ends with; the run holds eight of them"


def test_texts_out_of_order_or_too_short_are_refused() -> None:
    run = record(unembed.wrap(build("gpt2")), TOKENS)
    for text, count in ((Text((3, 50), (1, 0)), 1), (Text((3,), (0,)), 2), (Text((3,), (LENGTH,)), 1)):
        with pytest.raises(InputError, match="ascending places below 11"):
            last_streams_of_texts(run, [text], count=count)
    with pytest.raises(InputError, match="at least one text"):
        last_streams_of_texts(run, [])


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_neo", "gpt_oss"])
@pytest.mark.parametrize("scores", [1, 25, 60])
def test_a_few_queries_at_a_time_equal_full_runs(model_type: str, scores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do long texts attend: scores of all their queries are never held at once."""
    monkeypatch.setattr(splicing, "SCORES", scores)
    kept = choices(2, 4)
    check(build(model_type), [*map(closed_up, kept), *map(with_gaps, kept)], count=2)
