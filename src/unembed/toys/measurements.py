"""The numbers behind the claims about toys; each takes the model and a progress callback."""

from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.measures import question
from unembed.ledger.decompose import decompose
from unembed.ledger.readout import readout
from unembed.methods.circuits.composition import composition_scores
from unembed.methods.circuits.direct_path import weighted_correlation
from unembed.methods.circuits.head_circuits import ov_eigenvalues, positive_share
from unembed.methods.knowledge import neurons as knowledge_neurons
from unembed.methods.knowledge.facts import Fact, read_facts
from unembed.methods.knowledge.find import find
from unembed.models.model import Model
from unembed.models.sites import Site
from unembed.progress import Progress
from unembed.runs.record import record
from unembed.toys import invented_clozes, invented_facts, repetition
from unembed.toys.checkpoints import FACTS_FILE
from unembed.toys.skip_trigrams import looked_up
from unembed.toys.text import corpus
from unembed.toys.training import CONTEXT

_ROWS = 64
"""Stretches of held-out text."""
_FACTS = 6
"""Of each relation, whose neurons are searched."""


def forget() -> None:
    """Drop what was kept between the numbers of one model."""
    for kept in (_attention, neuron_changes, _filled):
        kept.cache_clear()


# zero-layer


@torch.no_grad()
def bigram_correlation(model: Model, _: Progress) -> float:
    """Over pairs (a, b) of the training text, by their counts: corr(log P(b | a), log(count(a, b) / count(a))).

    `log P(. | a)` is row a of `W_E W_U` less its log-sum-exp, about which bigrams say nothing. 0 where it is the same
    for all pairs.
    """
    counts = corpus().bigrams().double()
    said = (model.module.get_input_embeddings().weight @ model.unembedding.T).double().log_softmax(-1)  # type: ignore[union-attr]
    seen = counts > 0
    frequency = counts / counts.sum(1, keepdim=True).clamp_min(1)
    return weighted_correlation(said[seen], frequency[seen].log(), counts[seen]) or 0.0


def beyond_embedding(model: Model, _: Progress) -> float:
    """What the ledger of a logit holds beside the term of the embedding, over the logit: 0 up to rounding."""
    read = readout(record(model, "To be, or not"), reference="raw")
    ledger = decompose(read)
    return abs(ledger.value - ledger.top(1)[0].value) / abs(ledger.value)


# one-layer


def gain_over_zero_layer(model: Model, _: Progress) -> float:
    """Mean loss of the shipped zero-layer toy less that of `model`, on held-out text, in nats a token."""
    from unembed.loading.load import load

    return _held_out_loss(load("toy/zero-layer", device="cpu")) - _held_out_loss(model)


@torch.no_grad()
def _held_out_loss(model: Model) -> float:
    text = corpus().held_out
    starts = torch.linspace(0, len(text) - CONTEXT - 1, _ROWS).long()
    rows = text[starts[:, None] + torch.arange(CONTEXT + 1)]
    logits = model.module(rows[:, :-1], use_cache=False).logits
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()))


def copying(model: Model, _: Progress) -> float:
    """The share of positive OV eigenvalues, of the head with most (head_circuits.py)."""
    return float(positive_share(ov_eigenvalues(model, 0)).max())


def skip_trigrams(model: Model, _: Progress) -> float:
    """The share of the strongest skip-trigrams that the text confirms, of those of which it can tell."""
    found = looked_up(model, corpus().train)
    return sum(trigram.confirmed for trigram in found) / max(1, len(found))


# two-layer


def induction(model: Model, _: Progress) -> float:
    """Prefix matching: the attention of the best head of the last layer to what followed the same token before."""
    return float(_attention(model).induction[-1].max())


def previous(model: Model, _: Progress) -> float:
    """The attention of the best head of the first layer to the token before."""
    return float(_attention(model).previous[0].max())


def repeated_right(model: Model, _: Progress) -> float:
    """The share of the second repetition whose most probable next token is the right one."""
    return repetition.right(model, repetition.sequences(model))


def repeated_right_without(model: Model, _: Progress) -> float:
    """The same with the previous-token head zeroed at every position."""
    change = edits.zero(Site(kind="z", layer=0, head=_previous_head(model)))
    return repetition.right(model, repetition.sequences(model), change)


def key_composition(model: Model, _: Progress) -> float:
    """K-composition of previous-token head and induction head over the mean of random heads (composition.py)."""
    second = int(_attention(model).induction[-1].argmax())
    return composition_scores(model).of("key", (0, _previous_head(model)), (model.layers - 1, second)).ratio


def _previous_head(model: Model) -> int:
    return int(_attention(model).previous[0].argmax())


@lru_cache(maxsize=1)
def _attention(model: Model) -> repetition.RepeatedAttention:
    return repetition.attention(model, repetition.sequences(model))


# facts and cloze


@torch.no_grad()
def held_out_answers(model: Model, _: Progress) -> float:
    """The share of held-out wordings whose most probable next token is the answer."""
    assert model.tokenizer is not None
    asked = [s for s in invented_facts.sentences() if s.held_out]
    right = 0
    for start in range(0, len(asked), 100):
        part = asked[start : start + 100]
        prompts = [model.tokenizer(s.prompt)["input_ids"] for s in part]
        width = max(map(len, prompts))
        rows = torch.tensor([ids + [0] * (width - len(ids)) for ids in prompts])  # causal: padding after has no effect
        last = torch.tensor([len(ids) - 1 for ids in prompts])
        best = model.module(rows, use_cache=False).logits[torch.arange(len(part)), last].argmax(-1)
        right += sum(model.tokenizer.decode([token]) == s.answer for token, s in zip(best.tolist(), part, strict=True))
    return right / len(asked)


def zeroed(model: Model, progress: Progress) -> float:
    """Mean over prompts of `P(neurons at 0) / P - 1`."""
    return float(neuron_changes(model, progress)[:, 0].mean())


def others(model: Model, progress: Progress) -> float:
    """The size of the same mean with as many random active neurons of the same layers."""
    return abs(float(neuron_changes(model, progress)[:, 1].mean()))


def others_at_random(model: Model, progress: Progress) -> float:
    """The size of the same mean with as many neurons of the same layers, drawn from all others."""
    return abs(float(neuron_changes(model, progress)[:, 3].mean()))


def doubled(model: Model, progress: Progress) -> float:
    """Mean over prompts of `P(neurons at twice their activation) / P - 1`."""
    return float(neuron_changes(model, progress)[:, 2].mean())


@lru_cache(maxsize=1)
def neuron_changes(model: Model, progress: Progress) -> Float[Tensor, "prompt 4"]:
    """Relative changes of P: knowledge neurons zeroed, as many active others zeroed, knowledge neurons doubled, as many
    others of any activity zeroed.
    """
    assert model.folder is not None
    changes = []
    for relation in read_facts(model.folder / FACTS_FILE):
        chosen, criteria = relation.facts[:_FACTS], knowledge_neurons.Criteria(t=0.2, p=0.75)
        found = find(model, relation.of(chosen), criteria=criteria, progress=progress)
        for fact in found.facts:
            changes += [_change(model, fact.fact, prompt, fact.kept) for prompt in fact.fact.prompts if fact.kept]
    return torch.tensor(changes, dtype=torch.float64)


def _change(model: Model, fact: Fact, prompt: str, neurons: frozenset[knowledge_neurons.Neuron]) -> list[float]:
    asked = question(model, prompt, fact.target)
    beside = [knowledge_neurons.random_neurons(model, asked, neurons, active=active) for active in (True, False)]
    found = knowledge_neurons.probabilities(model, asked, [(), neurons, *beside], 0.0).tolist()
    base, zero, active, any_other = found
    (twice,) = knowledge_neurons.probabilities(model, asked, [neurons], 2.0).tolist()
    return [zero / base - 1, active / base - 1, twice / base - 1, any_other / base - 1]


def held_out_blanks(model: Model, _: Progress) -> float:
    """The share of held-out wordings whose blank is filled right."""
    held_out = torch.tensor([cloze.held_out for cloze in invented_clozes.clozes()])
    return float(_filled(model)[held_out].double().mean())


def worst_wording(model: Model, _: Progress) -> float:
    """The least share over wordings of facts whose blank is filled right."""
    found: dict[tuple[str, int], list[bool]] = {}
    for cloze, right in zip(invented_clozes.clozes(), _filled(model).tolist(), strict=True):
        found.setdefault((cloze.relation, cloze.wording), []).append(right)
    return min(sum(right) / len(right) for right in found.values())


@lru_cache(maxsize=1)
@torch.no_grad()
def _filled(model: Model) -> Bool[Tensor, "cloze"]:
    """Of every cloze, whether the most probable token at the blank is the answer."""
    tokenizer: Any = model.tokenizer
    asked, right = invented_clozes.clozes(), []
    for start in range(0, len(asked), 400):
        part = asked[start : start + 400]
        texts = tokenizer([cloze.prompt for cloze in part], padding=True, return_tensors="pt")
        answers = torch.tensor(tokenizer.convert_tokens_to_ids([cloze.answer for cloze in part]))
        blank = texts["input_ids"] == tokenizer.mask_token_id
        right.append(model.module(**texts).logits[blank].argmax(-1) == answers)
    return torch.cat(right)
