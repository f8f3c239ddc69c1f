"""A llama and a GPT-2 by hand, made linear around a run: the oracle of graphs.

Straight-line float64 code over the module's own weights; patterns, scales of norms and gates are constants. Worths are
gradients by autograd through all of it; edges are gradients with every write cut loose from what it was made of. No
formula of `unembed` is used, and nothing is pulled back by hand.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass
class Linear:
    """One pass. `given` is what stands for each write; without it, writes go on as they are made."""

    module: Any
    tokens: list[int]
    rule: str
    given: dict[tuple, Tensor] | None = None
    made: dict[tuple, Tensor] = field(default_factory=dict)
    """What each part makes, by name, before something else stands for it."""
    leaves: dict[tuple, Tensor] = field(default_factory=dict)

    def part(self, name: tuple, value: Tensor) -> Tensor:
        """What goes on in the place of a part's value."""
        self.made[name] = value
        start = torch.zeros_like(value) if self.given is None else self.given[name]
        self.leaves[name] = start.detach().requires_grad_()
        return value + self.leaves[name] if self.given is None else self.leaves[name]

    def patterns(self) -> list[Tensor]:
        self.module.set_attn_implementation("eager")
        with torch.no_grad():
            return list(self.module(torch.tensor([self.tokens]), output_attentions=True).attentions)

    def stream(self) -> Tensor:
        """The normed stream after the last block."""
        gpt2 = self.module.config.model_type == "gpt2"
        return self.gpt2() if gpt2 else self.llama()

    def llama(self) -> Tensor:
        body, config = self.module.model, self.module.config
        x = self.part(("word",), body.embed_tokens.weight[self.tokens])
        for layer, (block, pattern) in enumerate(zip(body.layers, self.patterns(), strict=True)):
            attention, mlp = block.self_attn, block.mlp
            y = rms(x, block.input_layernorm)
            value = y @ attention.v_proj.weight.T + attention.v_proj.bias
            x = x + self.heads(layer, value, pattern[0], attention.o_proj.weight.T, config) + attention.o_proj.bias
            y = rms(x, block.post_attention_layernorm)
            gate = y @ mlp.gate_proj.weight.T + mlp.gate_proj.bias
            up = y @ mlp.up_proj.weight.T + mlp.up_proj.bias
            active = gate * torch.sigmoid(gate)
            if self.rule == "gate":
                neuron = active.detach() * up
            else:
                neuron = ((active / gate * up).detach() * gate + active.detach() * up) / 2
            x = x + self.part(("neuron", layer), neuron) @ mlp.down_proj.weight.T + mlp.down_proj.bias
        return rms(x, body.norm)

    def gpt2(self) -> Tensor:
        body, config = self.module.transformer, self.module.config
        width = config.n_embd
        x = self.part(("word",), body.wte.weight[self.tokens] + body.wpe.weight[: len(self.tokens)])
        for layer, (block, pattern) in enumerate(zip(body.h, self.patterns(), strict=True)):
            fused, out = block.attn.c_attn, block.attn.c_proj
            value = (layer_norm(x, block.ln_1) @ fused.weight + fused.bias)[:, 2 * width :]
            x = x + self.heads(layer, value, pattern[0], out.weight, config) + out.bias
            h = layer_norm(x, block.ln_2) @ block.mlp.c_fc.weight + block.mlp.c_fc.bias
            act = 0.5 * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (h + 0.044715 * h**3)))
            neuron = act.detach() * h
            x = x + self.part(("neuron", layer), neuron) @ block.mlp.c_proj.weight + block.mlp.c_proj.bias
        return layer_norm(x, body.ln_f)

    def heads(self, layer: int, value: Tensor, pattern: Tensor, output: Tensor, config: Any) -> Tensor:
        total = torch.zeros(len(value), output.shape[1], dtype=value.dtype)
        kv_heads = getattr(config, "num_key_value_heads", config.num_attention_heads)
        values = value.reshape(len(value), kv_heads, -1)
        width = values.shape[-1]
        for head in range(config.num_attention_heads):
            z = pattern[head].detach() @ values[:, head * kv_heads // config.num_attention_heads]
            write = z @ output[head * width : (head + 1) * width]
            total = total + self.part(("head", layer, head), write)
        return total

    def target(self, token: int) -> Tensor:
        """The logit above the mean after the last token."""
        logits = self.module.lm_head(self.stream()[-1])
        return logits[token] - logits.mean()


def rms(x: Tensor, norm: Any) -> Tensor:
    scale = (x.square().mean(-1, keepdim=True) + norm.variance_epsilon).rsqrt().detach()
    return x * scale * norm.weight


def layer_norm(x: Tensor, norm: Any) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred * (centred.square().mean(-1, keepdim=True) + norm.eps).rsqrt().detach() * norm.weight + norm.bias


class Oracle:
    """Worths and edges of every word, head and neuron at every position; of two prompts, of how far they differ."""

    def __init__(self, module: Any, tokens: list[int], token: int, rule: str, other: list[int] | None = None) -> None:
        whole = Linear(module, tokens, rule)
        value = whole.target(token)
        reads = dict(zip(whole.leaves, torch.autograd.grad(value, list(whole.leaves.values())), strict=True))
        self.value = float(value)
        self.values = {name: made.detach() for name, made in whole.made.items()}
        self.steps = self.values
        """What is read of each: all of it, or how far it is from what it is in the other prompt."""
        if other is not None:
            second = Linear(module, other, rule)
            self.value -= float(second.target(token))
            self.steps = {name: value - second.made[name].detach() for name, value in self.values.items()}
        self.worth = self.entries({name: reads[name] * step for name, step in self.steps.items()})
        cut = Linear(module, tokens, rule, given=self.values)
        direct = cut.target(token)
        numbers: dict[Any, Tensor] = self.entries({name: reads[name] * made for name, made in cut.made.items()})
        numbers["target"] = direct
        self.into = {
            name: self.read(cut, number) for name, number in numbers.items() if name == "target" or name[0] != "word"
        }
        worth = self.worth | {"target": self.value}
        self.biases = {name: float(worth[name]) - sum(each.values()) for name, each in self.into.items()}
        """Of each reader: what it has of no word and no node; of two prompts, what is held otherwise in the other."""

    def read(self, cut: Linear, number: Tensor) -> dict[tuple, float]:
        """What each entry adds to a number directly."""
        slopes = torch.autograd.grad(number, list(cut.leaves.values()), retain_graph=True, allow_unused=True)
        products = {
            name: self.steps[name] * slope
            for (name, _), slope in zip(cut.leaves.items(), slopes, strict=True)
            if slope is not None
        }
        return {name: float(value) for name, value in self.entries(products).items() if float(value)}

    @staticmethod
    def entries(found: dict[tuple, Tensor]) -> dict[tuple, Any]:
        """By position: a word and a head are sums over the stream, neurons stand alone."""
        out: dict[Any, Any] = {}
        for name, value in found.items():
            for position, row in enumerate(value):
                if name[0] == "neuron":
                    out |= {(*name, n, position): row[n] for n in range(len(row))}
                else:
                    out[(*name, position)] = row.sum()
        return out
