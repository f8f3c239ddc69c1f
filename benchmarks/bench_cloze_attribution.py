"""Knowledge attribution at a blank, beside a decoder of equal size and beside a straightforward one of the authors.

The straightforward one does what the code of Dai et al. (2022) does: for each layer, a run that keeps the neurons at
the blank, and a batch of as many runs as there are steps, with the neurons scaled, of which autograd takes the slopes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shared
import timing
import torch

if TYPE_CHECKING:
    from unembed import Attribution, Model

PROMPT, ANSWER = "Bambo goes back to [MASK] every winter.", "Prague"
STEPS = 20
OF_AUTHORS = 0.85
"""The most that attribution on clozes may cost, over the authors' way. What it costs over a decoder is reported: there
only the last position is computed again, and at a blank every position of all blocks but the last is, since each reads
all others."""
NEAR = 1e-5


@dataclass(frozen=True)
class Case:
    """A model, its prompt and its answer, and where its neurons are."""

    model: Model
    tokens: tuple[int, ...]
    position: int
    answer: int
    neurons: Sequence[torch.nn.Module]
    """The modules whose output the neurons are."""

    def forward(self) -> torch.Tensor:
        """The plain run."""
        with torch.inference_mode():
            return self.model.module(torch.tensor([self.tokens])).logits

    def attributed(self, **path: object) -> Attribution:
        """The library's."""
        from unembed import LayerPath, attribute

        return attribute(self.model, self.tokens, self.answer, path=LayerPath(**path))  # type: ignore[arg-type]

    def straightforward(self) -> list[torch.Tensor]:
        """The authors'."""
        return [self._layer(module) for module in self.neurons]

    def _layer(self, part: torch.nn.Module) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        handle = part.register_forward_hook(lambda _m, _a, out: kept.append(out[0, self.position].detach()))
        with torch.no_grad():
            self.model.module(torch.tensor([self.tokens]))
        handle.remove()
        own = kept[0]
        path = (own * torch.arange(1, STEPS + 1)[:, None] / STEPS).requires_grad_()

        def put(_module: object, _args: object, out: torch.Tensor) -> torch.Tensor:
            changed = out.clone()
            changed[:, self.position] = path
            return changed

        handle = part.register_forward_hook(put)
        logits = self.model.module(torch.tensor([self.tokens]).expand(STEPS, -1)).logits
        handle.remove()
        chance = logits[:, self.position].softmax(-1)[:, self.answer]
        (slopes,) = torch.autograd.grad(chance.sum(), [path])
        return own * slopes.mean(0)


@functools.cache
def cloze() -> Case:
    """The toy that ships."""
    import unembed
    from unembed.engine.measures import question

    model = unembed.load("toy/cloze", device="cpu")
    module: Any = model.module
    asked = question(model, PROMPT, ANSWER)
    neurons = [layer.intermediate for layer in module.bert.encoder.layer]
    return Case(model, asked.tokens, asked.positions[0], asked.answer[0], neurons)


@functools.cache
def decoder() -> Case:
    """A GPT-2 of the same sizes with random weights, and as many tokens."""
    from transformers import GPT2Config, GPT2LMHeadModel

    import unembed

    same = cloze()
    config = GPT2Config(vocab_size=same.model.vocab, n_embd=96, n_layer=4, n_head=4, n_inner=384, n_positions=32)
    config.bos_token_id = config.eos_token_id = 0
    torch.manual_seed(0)
    module: Any = GPT2LMHeadModel(config).eval()
    neurons = [block.mlp.act for block in module.transformer.h]
    return Case(unembed.wrap(module), same.tokens, len(same.tokens) - 1, same.answer, neurons)


def run(rounds: int) -> shared.Report:
    """Both models, both ways, in forwards of each model."""
    found, published = {}, {}
    for name, case in (("cloze", cloze()), ("decoder", decoder())):
        check(case)
        published[name] = functools.partial(case.attributed, quadrature="riemann", steps=STEPS)
        jobs: dict[str, Callable[[], object]] = {
            "as published": published[name],
            "refined until complete": case.attributed,
            "straightforward": case.straightforward,
        }
        found[name] = timing.in_forwards(case.forward, jobs, rounds)
    cloze_jobs = found["cloze"]["forwards"]
    over = cloze_jobs["as published"] / cloze_jobs["straightforward"]
    # The models are of one size, so their jobs are compared themselves, in turn: on a busy machine a job that takes
    # milliseconds says more than a forward that takes one.
    beside = timing.medians(timing.interleaved(published, rounds))
    return {
        **found,
        "over_decoder": beside["cloze"] / beside["decoder"],
        "limits": [shared.limit("20 steps at a blank, over the straightforward way", over, OF_AUTHORS)],
    }


def check(case: Case) -> None:
    """That both ways give the same numbers.

    Raises:
        RuntimeError: they do not.
    """
    mine, theirs = case.attributed(quadrature="riemann", steps=STEPS).values, case.straightforward()
    worst = max(float((a - b).abs().max()) for a, b in zip(mine, theirs, strict=True))
    if worst > NEAR:
        raise RuntimeError(f"the library and the straightforward way differ by {worst:.1e}")
