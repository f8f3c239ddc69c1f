"""One result of each public function, of a tiny random model whose tokens are hostile to HTML and to mathematics."""

from collections.abc import Callable
from tempfile import mkdtemp
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import VOCAB, build

PROMPT, OTHER = [5, 17, 33, 5, 17, 8], [5, 17, 34, 5, 17, 8]
TARGET = 7
EDGES = [("input", "a1.h2<q>"), ("a1.h2", "m2"), ("m2", "logits")]
HOSTILE = {5: "<script>alert(1)</script>", 17: "$x$", 33: "&amp;", 8: " a\n", 7: '"><b>'}


def hostile_model() -> unembed.Model:
    """Its token `i` is `w{i}`, but for those in `HOSTILE`."""
    words = {HOSTILE.get(token, f"w{token}"): token for token in range(VOCAB)}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel(words, unk_token="w0")), unk_token="w0")
    return unembed.wrap(build("llama", layers=3), tokenizer)


def _with_encoder() -> unembed.Model:
    return unembed.wrap(build_encoder_decoder("bart"))


def _direction(model: unembed.Model) -> torch.Tensor:
    return torch.linspace(-9, 9, model.d_model)


def _rows() -> list[dict[str, Any]]:
    return [{"prompt": PROMPT}, {"prompt": OTHER, "target": TARGET}]


def _pairs(model: unembed.Model) -> unembed.PromptSet:
    pairs = ((PROMPT, OTHER), (OTHER, PROMPT))
    return unembed.prompt_set(model, [{"prompt": a, "corrupt": b, "target": TARGET, "versus": 9} for a, b in pairs])


MADE: dict[str, Callable[[unembed.Model, unembed.Run], Any]] = {
    "record": lambda model, run: run,
    "readout": lambda model, run: unembed.readout(run, TARGET),
    "read_direction": lambda model, run: unembed.read_direction(run, _direction(model).tolist()),
    "decompose": lambda model, run: unembed.decompose(unembed.readout(run, TARGET), by="source+neuron"),
    "explain": lambda model, run: unembed.explain(run, TARGET, by="source"),
    "explain_answer": lambda model, run: unembed.explain_answer(run, [TARGET]),
    "lens": lambda model, run: unembed.lens(run, TARGET),
    "compare_weights": lambda model, run: unembed.compare_weights(
        run, unembed.wrap(build("llama", layers=3, seed=1), model.tokenizer), TARGET
    ),
    "attention": lambda model, run: unembed.attention(run, TARGET),
    "attention of one head": lambda model, run: unembed.attention(run, TARGET, layer=1, head=2),
    "ablate": lambda model, run: unembed.ablate(run, TARGET),
    "ablate neurons": lambda model, run: unembed.ablate(run, TARGET, site="neuron", layers=[1]),
    "patch": lambda model, run: unembed.patch(run, OTHER, direction="both"),
    "patch heads": lambda model, run: unembed.patch(run, OTHER, site="head"),
    "evaluate_circuit": lambda model, run: unembed.evaluate_circuit(run, OTHER, TARGET, 9, EDGES),
    "causal_trace": lambda model, run: unembed.causal_trace(run, TARGET, subject=[2], samples=2),
    "steer": lambda model, run: unembed.steer(run, _direction(model), layer=1, tokens=3),
    "generate": lambda model, run: next(iter(unembed.generate(run, tokens=1))),
    "expand_paths": lambda model, run: unembed.expand_paths(run, TARGET),
    "graph": lambda model, run: unembed.graph(run, TARGET, nodes=20).tested(),
    "attention_score": lambda model, run: unembed.attention_score(run, 1, 1),
    "composition_scores": lambda model, run: unembed.composition_scores(model),
    "ov_circuit": lambda model, run: unembed.ov_circuit(model, 1, 1),
    "qk_circuit": lambda model, run: unembed.qk_circuit(model, 1, 1),
    "virtual_head": lambda model, run: unembed.virtual_head(model, (0, 0), (1, 1)),
    "measure_head_roles": lambda model, run: unembed.measure_head_roles(model, sequences=2, check=False),
    "measure_stack_roles": lambda model, run: unembed.measure_stack_roles(_with_encoder(), sequences=2, check=False),
    "head_pairs": lambda model, run: unembed.head_pairs(run, TARGET, heads=4),
    "noise": lambda model, run: unembed.noise(run, strengths=[1.0], seeds=2, text=[n % 90 for n in range(60)]),
    "attribute": lambda model, run: unembed.attribute(run, TARGET),
    "study": lambda model, run: unembed.study(model, _rows(), out=mkdtemp(), test=False),
    "keep_heads": lambda model, run: unembed.keep_heads(_pairs(model), ["L1.H2"], how="zero"),
    "words": lambda model, run: unembed.words(run, TARGET, by="token", shapley=True, pairs=True),
}
"""By the public function that makes it, and where that makes several kinds, what is asked."""


def every_result(model: unembed.Model) -> dict[str, Any]:
    """All of them, about one run of `PROMPT`."""
    run = unembed.record(model, PROMPT)
    return {name: make(model, run) for name, make in MADE.items()}
