"""Modules broken on purpose, in one block of a Llama: every one is refused when it is wrapped.

A sum closes by construction whatever was frozen, so each of these is a thing that a looser check would let pass.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import unembed
from builders.random_models import build
from builders.unknown_models import unknown
from unembed.errors import ModelError
from unembed.models import families

Broken = Callable[[Any], None]


def in_block(change: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> Broken:
    """Change what block 1 gives: `change(block, its input, its output)`."""

    def broken(module: Any) -> None:
        block = module.model.layers[1]
        own = block.forward

        def forward(hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            return change(block, hidden_states, own(hidden_states, *args, **kwargs))

        block.forward = forward

    return broken


def on_part(path: str, change: Callable[[Tensor, Any], Any], block: int = 1) -> Broken:
    """Change what the forward of a part gives: `change(its input, its output)`."""

    def broken(module: Any) -> None:
        part = module.model.layers[block].get_submodule(path) if path else module.model.norm
        own = part.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            return change(args[0] if args else kwargs["hidden_states"], own(*args, **kwargs))

        part.forward = forward

    return broken


def forward_of_block(forward: Callable[..., Tensor]) -> Broken:
    """Another order of the parts of block 1: `forward(block, stream, **what attention is given)`."""

    def broken(module: Any) -> None:
        block = module.model.layers[1]
        block.forward = lambda hidden_states, *_, **kwargs: forward(block, hidden_states, kwargs)

    return broken


def attended(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    return block.self_attn(hidden_states=x, **{k: v for k, v in kwargs.items() if k != "hidden_states"})[0]


def swapped_read(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    """Attention reads through the MLP's norm."""
    x = x + attended(block, block.post_attention_layernorm(x), kwargs)
    return x + block.mlp(block.post_attention_layernorm(x))


def reads_no_norm(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    x = x + attended(block, x, kwargs)
    return x + block.mlp(block.post_attention_layernorm(x))


def parallel(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    return x + attended(block, block.input_layernorm(x), kwargs) + block.mlp(block.post_attention_layernorm(x))


def residual_twice(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    x = x + x + attended(block, block.input_layernorm(x), kwargs)
    return x + block.mlp(block.post_attention_layernorm(x))


def no_residual(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    x = attended(block, block.input_layernorm(x), kwargs)
    return x + block.mlp(block.post_attention_layernorm(x))


def mlp_twice(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    x = x + attended(block, block.input_layernorm(x), kwargs)
    write = block.mlp(block.post_attention_layernorm(x))
    return x + write + write


def mlp_of_the_start(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    after = x + attended(block, block.input_layernorm(x), kwargs)
    return after + block.mlp(block.post_attention_layernorm(x + 0.5 * (after - x)))


def shifted(block: Any, x: Tensor, kwargs: dict[str, Any]) -> Tensor:
    """The stream of the token before is added."""
    y = parallel(block, x, kwargs)
    return y + nn.functional.pad(x, (0, 0, 1, 0))[:, :-1] * 0.1


def through_a_view(block: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """A write into part of the stream, in place, through a view of a view."""
    out = y.clone()
    out.view(-1)[::7].mul_(1.25)
    return out


def on_output(path: str, change: Callable[[Tensor], Tensor]) -> Broken:
    """A hook on a module, by its path from `model`, that gives something else than the module made."""

    def broken(module: Any) -> None:
        module.model.get_submodule(path).register_forward_hook(lambda _, args, made: change(made))

    return broken


MIXES: dict[str, Callable[[Tensor], Tensor]] = {
    "the mean of all tokens": lambda y: y + 0.1 * y.mean(1, keepdim=True),
    "the mean of the tokens so far": lambda y: y + 0.1 * y.cumsum(1),
    "the token before": lambda y: y + 0.1 * nn.functional.pad(y, (0, 0, 1, 0))[:, :-1],
    "the token after": lambda y: y + 0.1 * nn.functional.pad(y, (0, 0, 0, 1))[:, 1:],
}
ALONE = {
    "embedding": "embed_tokens",
    "queries": "layers.1.self_attn.q_proj",
    "keys": "layers.1.self_attn.k_proj",
    "values": "layers.1.self_attn.v_proj",
    "gates": "layers.1.mlp.gate_proj",
    "activations": "layers.1.mlp.act_fn",
    "neurons": "layers.1.mlp.up_proj",
}
"""What is told of one token. Sums close whatever these mix: a ledger adds what they came to."""


BROKEN: dict[str, Broken] = {
    "the stream times its own sigmoid": in_block(lambda _, x, y: y * torch.sigmoid(y)),
    "the stream over its maximum": in_block(lambda _, x, y: y / y.abs().amax(-1, keepdim=True)),
    "an added tanh of the stream": in_block(lambda _, x, y: y + torch.tanh(x)),
    "a gate of what entered": in_block(lambda _, x, y: y * (1 + 0.1 * torch.tanh(x.mean(-1, keepdim=True)))),
    "the stream clamped": in_block(lambda _, x, y: y.clamp(-0.5, 0.5)),
    "the stream softly capped": in_block(lambda _, x, y: 2 * torch.tanh(y / 2)),
    "a norm of the stream": in_block(lambda _, x, y: nn.functional.layer_norm(y, y.shape[-1:])),
    "the stream twice": in_block(lambda _, x, y: y + x),
    "a constant that is added": in_block(lambda _, x, y: y + 0.25),
    "the stream doubled": in_block(lambda _, x, y: 2 * y),
    "a write through a view": in_block(through_a_view),
    "the mean of all tokens that is added": in_block(lambda _, x, y: y + x.mean(1, keepdim=True)),
    "a residual counted twice": forward_of_block(residual_twice),
    "no residual": forward_of_block(no_residual),
    "an MLP counted twice": forward_of_block(mlp_twice),
    "attention that reads through another norm": forward_of_block(swapped_read),
    "attention that reads no norm": forward_of_block(reads_no_norm),
    "an MLP beside attention": forward_of_block(parallel),
    "an MLP that reads half of what attention wrote": forward_of_block(mlp_of_the_start),
    "the stream of the token before": forward_of_block(shifted),
    "a write that its projection did not make": on_part("self_attn", lambda x, y: (y[0] + 0.1 * x, *y[1:])),
    "a write cubed": on_part("self_attn.o_proj", lambda x, y: y + y**3),
    "attention whose output is gated by itself": on_part(
        "self_attn", lambda x, y: (y[0] * torch.sigmoid(y[0]), *y[1:])
    ),
    "attention that is clamped": on_part("self_attn", lambda x, y: (y[0].clamp(-0.1, 0.1), *y[1:])),
    "an MLP whose output is gated by itself": on_part("mlp.down_proj", lambda x, y: y * torch.sigmoid(y)),
    "an MLP that adds its input": on_part("mlp", lambda x, y: y + x),
    "a final norm that is skipped": on_part("", lambda x, y: x),
    "a final norm with a power": on_part("", lambda x, y: y * y.abs().sqrt()),
    "an MLP that adds the token after": on_output("layers.1.mlp", MIXES["the token after"]),
    "a down projection that adds the token after": on_output("layers.1.mlp.down_proj", MIXES["the token after"]),
    **{f"{part} that hold {mix}": on_output(ALONE[part], MIXES[mix]) for part in ALONE for mix in MIXES},
}
assert len(BROKEN) >= 20


@pytest.mark.parametrize("name", sorted(BROKEN))
@pytest.mark.parametrize("inferred", [False, True])
def test_it_is_refused(name: str, inferred: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the row by hand, and with the one that is inferred where there is none."""
    if inferred:
        monkeypatch.setattr(families, "_families", {k: x for k, x in families._families.items() if k != "llama"})
    module = build("llama", layers=2)
    BROKEN[name](module)
    with pytest.raises(ModelError):
        unembed.wrap(module)


SKIPPED = "a final norm that is skipped"
"""Of a class this is another model: one without a final norm."""


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {SKIPPED}))
def test_a_class_of_such_modules_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the tiny copy, from which the structure is inferred, is broken in the same way."""
    with pytest.raises(ModelError):
        unembed.wrap(of_class(name, monkeypatch))


def test_a_class_without_a_final_norm_is_taken_apart_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module = of_class(SKIPPED, monkeypatch)
    model = unembed.wrap(module)
    ledger = unembed.decompose(unembed.readout(unembed.record(model, [5, 17, 33]), 12, reference="raw"), by="neuron")
    with torch.no_grad():
        own = float(module(torch.tensor([[5, 17, 33]])).logits[0, -1, 12])
    assert model.family.final_norm is None
    assert sum(float(segment.values.sum()) for segment in ledger.segments) == pytest.approx(own, rel=1e-6)


def of_class(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module whose class is broken, and that no row describes."""
    from transformers import LlamaForCausalLM

    class Llama(LlamaForCausalLM):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            BROKEN[name](self)

    monkeypatch.setattr(families, "_families", {k: x for k, x in families._families.items() if k != "llama"})
    unbroken = build("llama", layers=2)
    module = Llama(unbroken.config).to(unbroken.dtype).eval()
    module.load_state_dict(unbroken.state_dict())
    return module


def test_the_same_module_unbroken_is_not() -> None:
    unembed.wrap(build("llama", layers=2))
    unembed.wrap(unknown("olmo3"))
