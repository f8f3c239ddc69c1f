"""generate: the GPT as an autoregressive token generator, recorded while it runs.

Each step runs the new token only, with the key-value cache, and keeps what the sublayers wrote at that position, so
every emitted token can be explained afterwards without running the model again.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import decompose
from unembed.ledger.ledger import Ledger, LedgerResult, Term
from unembed.ledger.readout import readout
from unembed.models.model import Model
from unembed.models.prompts import why_no_longer
from unembed.models.refusals import next_token_only
from unembed.models.tokens import name_of
from unembed.models.unembedding import unembedded
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.record import record_next
from unembed.runs.run import Run
from unembed.seeds import generator


@dataclass(frozen=True)
class Step(LedgerResult):
    """One emitted token, and the recorded step that emitted it."""

    run: Run
    """Of the step: its last position predicts `token`; its sublayer writes are kept."""
    token: int
    text: str
    """The token's name (models/tokens.py); texts of several tokens are decoded together."""
    logit: float
    probability: float
    """At temperature 1, also when another temperature was sampled from."""

    @cached_property
    def ledger(self) -> Ledger:
        """Of the token's logit above the vocabulary mean, by sublayer."""
        return decompose(readout(self.run, self.token))

    @cached_property
    def first_led(self) -> int | None:
        """The first layer after which the logit lens has the token on top.

        None where it never leads (sampling), and in a model of zero layers.
        """
        if not self.run.layers:
            return None
        with torch.inference_mode():
            stream = self.run.streams()[1:, -1]
            stream[-1] = self.run.final[-1]
            leads = unembedded(self.run.model, stream)[2].argmax(-1) == self.token
        return int(leads.int().argmax()) if bool(leads.any()) else None

    @property
    def top_term(self) -> Term:
        """The sublayer that gave the token most."""
        return max((term for term in self.ledger.terms() if not term.is_rounding), key=lambda term: term.value)


@prompted
def generate(
    prompt: Prompt,
    *,
    tokens: int = 20,
    temperature: float = 0.0,
    seed: int = 0,
) -> Iterator[Step]:
    """Continue a prompt token by token, with the key-value cache; stops early at the end-of-text token.

    Args:
        prompt: a recorded run, whose tokens are continued, or a model and a prompt.
        tokens: how many to emit at most.
        temperature: 0 takes the top prediction; otherwise samples from `softmax(logits / temperature)`.
        seed: of the sampling.

    Raises:
        InputError: a bad prompt, number or seed, or a prompt that leaves no room for `tokens` in the context.
    """
    model, ids = prompt.model, list(prompt.tokens)
    next_token_only(model, "A continuation")
    if tokens < 1:
        raise InputError(f"Expected at least one token to emit, found {tokens}.")
    if not 0 <= temperature < math.inf:
        raise InputError(f"Expected a temperature of at least 0, and finite; found {temperature:g}.")
    if model.context is not None and len(ids) + tokens > model.context + 1:
        raise InputError(
            f"A prompt of {len(ids)} tokens and {tokens} new ones exceed the {model.context} that {model.name} reads.\n"
            f"{why_no_longer(model)}"
        )
    return _steps(model, ids, tokens, temperature, generator(seed))


def _steps(model: Model, ids: list[int], tokens: int, temperature: float, random: torch.Generator) -> Iterator[Step]:
    ends = end_tokens(model)
    run, cache = record_next(model, ids)
    for count in range(1, tokens + 1):
        token = _choose(run.logits[-1], temperature, random)
        yield _step(run, token)
        if token in ends or count == tokens:
            return
        ids.append(token)
        run, cache = record_next(model, ids, cache)


def _choose(logits: Float[Tensor, "vocab"], temperature: float, random: torch.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    logits = logits.double().cpu()
    # Below the top, so that no temperature, however small, makes infinities of all.
    probability = ((logits - logits.max()) / temperature).softmax(-1)
    return int(torch.multinomial(probability, 1, generator=random))


def _step(run: Run, token: int) -> Step:
    logits = run.logits[-1].double()
    return Step(
        run=run,
        token=token,
        text=str(token) if run.model.tokenizer is None else name_of(run.model, token),
        logit=float(logits[token]),
        probability=float((logits[token] - logits.logsumexp(-1)).exp()),
    )


def end_tokens(model: Model) -> set[int]:
    """The tokens with which the model ends a text, by its generation configuration."""
    end = getattr(model.module.generation_config, "eos_token_id", None)
    return set(end) if isinstance(end, list) else set() if end is None else {int(end)}
