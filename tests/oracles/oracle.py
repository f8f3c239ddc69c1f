"""The same numbers, computed the long way, sharing no code with `unembed`.

Its own hooks and its own table of where the parts are; norms written by hand from their papers' formulas; every head's,
source token's and neuron's write materialised as a vector of the stream by the module's own projection, and pushed
*forward* through norms whose statistic is frozen (`unembed` pulls the readout *back* and never builds these vectors).

Each term comes with a `bound` on what rounding may do to it. With `u` the unit of the arithmetic and `n` the number of
operations on the longest path, `|error| <= n u sum |products|` (Higham, *Accuracy and Stability of Numerical
Algorithms*, 3.1), so a bound is `n u` times the term computed with absolute values throughout:

- float64 (`u = 2.2e-16`): `n` is the length of the dot products, d_in + d_model.
- A norm adds `NORM_ROUNDINGS` units of *its* arithmetic: float32 in every RMSNorm of transformers, whatever the dtype
  of the model; float64 in nn.LayerNorm. Squares, their mean, eps, rsqrt, product and gain are six roundings and the
  mean of at most 64 squares, summed pairwise, two more.
- Where a norm shifts, its gain is only known through `gain * x + shift`, so the shift counts in the magnitude.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from oracles.norms import EPS32, EPS64, NORM_ROUNDINGS, NoNorm, freeze
from oracles.parts import PARTS

Key = tuple[str, int | None, int | None, int | None, int | None, int | None]
"""kind, layer, head, expert, neuron, source."""


@dataclass(frozen=True)
class Term:
    value: float
    bound: float


@dataclass
class Block:
    """What one block did, at every position."""

    stream_before: Tensor = field(default_factory=lambda: torch.empty(0))
    pattern: Tensor = field(default_factory=lambda: torch.empty(0))
    values: Tensor = field(default_factory=lambda: torch.empty(0))
    z: Tensor = field(default_factory=lambda: torch.empty(0))
    attention_output: Tensor = field(default_factory=lambda: torch.empty(0))
    attention_write: Tensor = field(default_factory=lambda: torch.empty(0))
    activations: Tensor | None = None
    experts_input: Tensor | None = None
    mlp_output: Tensor = field(default_factory=lambda: torch.empty(0))
    mlp_write: Tensor = field(default_factory=lambda: torch.empty(0))


def first(x: Any) -> Tensor:
    return x[0] if isinstance(x, tuple) else x


class Run:
    """One run of the module with eager attention, seen by hooks of our own."""

    def __init__(self, module: Any, tokens: list[int] | tuple[int, ...]) -> None:
        self.module, self.tokens = module, tuple(tokens)
        self.parts = PARTS[module.config.model_type]
        self.modules = list(module.get_submodule(self.parts.blocks))
        self.final_norm = module.get_submodule(self.parts.final_norm)
        self.head = module.get_output_embeddings()
        config = module.config
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.blocks = [Block() for _ in self.modules]
        self.final = torch.empty(0)
        with self._hooks(), eager(module), torch.no_grad():
            out = module(
                torch.tensor([self.tokens]), use_cache=False, output_attentions=True, output_hidden_states=True
            )
        self.logits, self.hidden_states = out.logits[0], out.hidden_states
        for block, pattern in zip(self.blocks, out.attentions, strict=True):
            block.pattern = pattern[0].double()

    # Recording

    @contextmanager
    def _hooks(self) -> Iterator[None]:
        handles = [self.final_norm.register_forward_pre_hook(lambda m, a: setattr(self, "final", a[0][0].detach()))]
        for block, module in zip(self.blocks, self.modules, strict=True):
            handles += self._block_hooks(block, module)
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _block_hooks(self, block: Block, module: nn.Module) -> list[Any]:
        parts = self.parts

        def on_output(path: str, name: str) -> Any:
            def keep(m: nn.Module, args: Any, out: Any) -> None:
                x = first(out).detach()
                setattr(block, name, x.reshape(-1, x.shape[-1]))

            return module.get_submodule(path).register_forward_hook(keep)

        def on_input(owner: nn.Module, name: str) -> Any:
            def keep(m: nn.Module, args: Any, kwargs: Any) -> None:
                x = (args[0] if args else kwargs["hidden_states"]).detach()
                setattr(block, name, x.reshape(-1, x.shape[-1]))

            return owner.register_forward_pre_hook(keep, with_kwargs=True)

        handles = [
            on_input(module, "stream_before"),
            on_output(f"{parts.attention}.{parts.values}", "values"),
            on_input(module.get_submodule(parts.out), "z"),
            on_output(parts.attention, "attention_output"),
            on_output(parts.attention_norm or parts.attention, "attention_write"),
            on_output(parts.mlp, "mlp_output"),
            on_output(parts.mlp_norm or parts.mlp, "mlp_write"),
        ]
        if self.is_mixture(module):
            handles.append(on_input(module.mlp, "experts_input"))
        else:
            handles.append(on_input(module.get_submodule(parts.down), "activations"))
        return handles

    def is_mixture(self, module: nn.Module) -> bool:
        return self.parts.mixture is not None and hasattr(module.mlp, "experts")

    def head_values(self, layer: int) -> Tensor:
        """Values as [source, kv_head, d_head]."""
        x, n = self.blocks[layer].values, len(self.tokens)
        if self.parts.value_layout == "own":
            return x.view(n, self.kv_heads, -1)
        if self.parts.value_layout == "third":
            return x.view(n, self.heads, -1).chunk(3, dim=-1)[2]
        d_head = self.blocks[layer].z.shape[-1] // self.heads
        return x[:, -self.kv_heads * d_head :].view(n, self.kv_heads, d_head)

    # The readout, by hand

    def stream(self, position: int, layer: int) -> Tensor:
        return self.final[position] if layer == len(self.blocks) else self.blocks[layer].stream_before[position]

    def token_rows(self, target: int, versus: int | None, reference: str) -> Tensor:
        """The rows of the vocabulary a readout combines, as weights of the vocabulary."""
        weights = torch.zeros(self.head.weight.shape[0], dtype=torch.float64)
        weights[target] += 1
        if versus is not None:
            weights[versus] -= 1
        elif reference == "mean":
            weights -= 1 / len(weights)
        return weights

    def lens(self, position: int, layer: int) -> tuple[Tensor, Tensor]:
        """Logits before and after the soft-cap, read from the stream before `layer` by norm and unembedding by hand."""
        norm = freeze(self.parts.norm, self.final_norm, self.stream(position, layer))
        uncapped = self.head.weight.detach().double() @ norm(self.stream(position, layer).double())
        if self.head.bias is not None:
            uncapped = uncapped + self.head.bias.detach().double()
        cap = getattr(self.module.config, "final_logit_softcapping", None)
        return uncapped, uncapped if cap is None else cap * torch.tanh(uncapped / cap)

    def ledger(
        self,
        position: int,
        layer: int,
        *,
        attention: str,
        mlp: str,
        target: int = 0,
        versus: int | None = None,
        reference: str = "raw",
        direction: Tensor | None = None,
    ) -> tuple[Term, dict[Key, Term]]:
        """The value of a readout and all its terms."""
        if direction is None:
            final = freeze(self.parts.norm, self.final_norm, self.stream(position, layer))
            vocabulary = self.token_rows(target, versus, reference)
            w = vocabulary @ self.head.weight.detach().double()
            w_size = vocabulary.abs() @ self.head.weight.detach().double().abs()
        else:
            final, vocabulary, w, w_size = NoNorm(), None, direction.double(), direction.double().abs()
        read = _Read(final, w, w_size)
        terms: dict[Key, Term] = {}
        terms.update(self._embeddings(position, read))
        for index in range(layer):
            terms.update(self._attention(index, position, read, attention))
            terms.update(self._mlp(index, position, read, mlp))
        x = self.stream(position, layer).double()
        size = float(w_size @ final.magnitude(x))
        bound = size * (NORM_ROUNDINGS * final.unit + 2 * len(x) * EPS64)
        value = float(w @ final(x))
        if vocabulary is not None:
            uncapped, capped = self.lens(position, layer)
            value = float(vocabulary @ capped)
            sizes = self.head.weight.detach().double().abs() @ (final.magnitude(x) + final.shift.abs())
            slack = NORM_ROUNDINGS * final.unit + (2 * len(x) + len(vocabulary)) * EPS64
            bound = float(vocabulary.abs() @ (sizes + capped.abs())) * slack
            terms.update(self._constants(vocabulary, final, w, w_size, uncapped, capped, bound))
        return Term(value, bound), terms

    def _constants(
        self,
        vocabulary: Tensor,
        final: Any,
        w: Tensor,
        w_size: Tensor,
        uncapped: Tensor,
        capped: Tensor,
        bound: float,
    ) -> dict[Key, Term]:
        d_model = len(w)
        terms: dict[Key, Term] = {}
        if self.parts.norm == "layer":
            size = float(w_size @ final.shift.abs())
            terms["final_norm_shift", *_NOWHERE] = Term(float(w @ final.shift), 2 * d_model * EPS64 * size)
        if self.head.bias is not None:
            bias = self.head.bias.detach().double()
            size = float(vocabulary.abs() @ bias.abs())
            terms["unembedding_bias", *_NOWHERE] = Term(float(vocabulary @ bias), len(bias) * EPS64 * size)
        if getattr(self.module.config, "final_logit_softcapping", None) is not None:
            terms["softcap", *_NOWHERE] = Term(float(vocabulary @ capped) - float(vocabulary @ uncapped), 2 * bound)
        return terms

    def _embeddings(self, position: int, read: "_Read") -> dict[Key, Term]:
        table = self.module.get_submodule(self.parts.embedding).weight.detach().double()
        vector = table[self.tokens[position]]
        if self.parts.embedding_scale:
            vector = vector * table.shape[1] ** 0.5
        # The factor sqrt(d_model) of Gemma is kept in float32 or better: one rounding of that.
        extra = EPS32 if self.parts.embedding_scale else 0.0
        terms = {("embedding", *_NOWHERE): read.term(vector, vector, relative=extra)}
        if self.parts.positions is not None:
            table = self.module.get_submodule(self.parts.positions).weight.detach().double()
            vector = table[position + self.parts.position_offset]
            terms["position_embedding", *_NOWHERE] = read.term(vector, vector)
        return terms

    def _attention(self, index: int, position: int, read: "_Read", grain: str) -> dict[Key, Term]:
        block, module = self.blocks[index], self.modules[index]
        norm_module = module.get_submodule(self.parts.attention_norm) if self.parts.attention_norm else None
        output = block.attention_output[position]
        norm = freeze(self.parts.norm, norm_module, output)
        if grain == "sublayer":
            return {("attention", index, *_NOWHERE[1:]): read.term(norm(output.double()), norm.magnitude(output), norm)}
        projection = module.get_submodule(self.parts.out)
        padded = self.padded_heads(index, position)
        keys: list[Key] = [("head", index, head, None, None, None) for head in range(self.heads)]
        if grain == "source":
            padded = self.padded_sources(index, position)
            keys = [
                ("head", index, head, None, None, source)
                for head in range(self.heads)
                for source in range(len(self.tokens))
            ]
        terms = read.projected(keys, padded, projection, norm)
        return {**terms, **read.bias("attention_bias", index, projection.bias, norm)}

    def padded_heads(self, layer: int, position: int) -> Tensor:
        """[head, heads * d_head]: the projection's input if only that head wrote."""
        z = self.blocks[layer].z[position].view(self.heads, -1)
        return torch.stack([_only(z, head) for head in range(self.heads)])

    def padded_sources(self, layer: int, position: int) -> Tensor:
        """[head * source, heads * d_head]: the projection's input if that head attended to that token only."""
        pattern, values = self.blocks[layer].pattern, self.head_values(layer)
        group = self.heads // self.kv_heads
        rows = []
        for head in range(self.heads):
            for source in range(len(self.tokens)):
                z = torch.zeros(self.heads, values.shape[-1], dtype=torch.float64)
                z[head] = pattern[head, position, source] * values[source, head // group].double()
                rows.append(z.reshape(-1))
        return torch.stack(rows)

    def _mlp(self, index: int, position: int, read: "_Read", grain: str) -> dict[Key, Term]:
        block, module = self.blocks[index], self.modules[index]
        norm_module = module.get_submodule(self.parts.mlp_norm) if self.parts.mlp_norm else None
        output = block.mlp_output[position]
        norm = freeze(self.parts.norm, norm_module, output)
        if grain == "sublayer":
            return {("mlp", index, *_NOWHERE[1:]): read.term(norm(output.double()), norm.magnitude(output), norm)}
        if self.is_mixture(module):
            return self._experts(index, position, read)
        assert block.activations is not None
        projection = module.get_submodule(self.parts.down)
        activations = block.activations[position]
        keys: list[Key] = [("neuron", index, None, None, neuron, None) for neuron in range(len(activations))]
        terms = read.projected(keys, torch.diag(activations), projection, norm)
        return {**terms, **read.bias("mlp_bias", index, projection.bias, norm)}

    # Mixtures of experts, by hand

    def routed(self, layer: int, position: int) -> tuple[list[int], Tensor]:
        """The chosen experts and their router weights."""
        block, mlp, config = self.blocks[layer], self.modules[layer].mlp, self.module.config
        assert block.experts_input is not None
        hidden = block.experts_input[position]
        router = mlp.router if self.parts.mixture == "gpt_oss" else mlp.gate
        logits = router.weight.detach() @ hidden
        count = config.num_experts_per_tok
        if self.parts.mixture == "gpt_oss":
            best = (logits + router.bias.detach()).topk(count)
            return best.indices.tolist(), best.values.softmax(-1)
        best = logits.float().softmax(-1).topk(count)
        weights = best.values
        if self.parts.mixture == "mixtral" or config.norm_topk_prob:
            weights = weights / weights.sum()
        return best.indices.tolist(), weights.double()

    def expert(self, layer: int, position: int, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Activations of one expert, their magnitude for a rounding bound, and its W_out [neuron, d_model] and bias."""
        block, experts = self.blocks[layer], self.modules[layer].mlp.experts
        assert block.experts_input is not None
        hidden = block.experts_input[position]
        matrix, down = experts.gate_up_proj[number].detach(), experts.down_proj[number].detach()
        if self.parts.mixture == "gpt_oss":
            both = hidden @ matrix + experts.gate_up_proj_bias[number].detach()
            size = hidden.abs() @ matrix.abs() + experts.gate_up_proj_bias[number].detach().abs()
            gate, up = both[0::2].clamp(max=7.0), both[1::2].clamp(-7.0, 7.0)
            activations = gate / (1 + torch.exp(-1.702 * gate)) * (up + 1)
            gate_size, up_size, up = size[0::2], size[1::2], up + 1
            bias = experts.down_proj_bias[number].detach()
        else:
            both, size = matrix @ hidden, matrix.abs() @ hidden.abs()
            half = len(both) // 2
            gate, up = both[:half], both[half:]
            activations = gate / (1 + torch.exp(-gate)) * up
            gate_size, up_size = size[:half], size[half:]
            down, bias = down.T, None
        # Both gates have a slope below 1.2, so an error of gate or up grows by at most this on its way.
        magnitude = activations.abs() + 1.2 * gate_size * up.abs() + up_size * gate.abs()
        return activations, magnitude, down, bias

    def _experts(self, layer: int, position: int, read: "_Read") -> dict[Key, Term]:
        chosen, weights = self.routed(layer, position)
        terms: dict[Key, Term] = {}
        shift, shift_size = torch.zeros(len(read.w), dtype=torch.float64), torch.zeros(len(read.w), dtype=torch.float64)
        for number, weight in zip(chosen, weights, strict=True):
            activations, magnitude, down, bias = self.expert(layer, position, number)
            for neuron, (activation, size) in enumerate(zip(activations, magnitude, strict=True)):
                write = weight * activation * down[neuron]
                # The router's weights are a float32 softmax of float64 logits: computed the same way, but of a dot
                # product in another order.
                terms["neuron", layer, None, number, neuron, None] = read.term(
                    write, weight * size * down[neuron].abs(), relative=4 * EPS32 + 2 * len(read.w) * EPS64
                )
            if bias is not None:
                shift, shift_size = shift + weight * bias, shift_size + weight * bias.abs()
        if self.parts.mixture == "gpt_oss":
            terms["mlp_bias", layer, None, None, None, None] = read.term(shift, shift_size, relative=4 * EPS32)
        return terms


_NOWHERE = (None, None, None, None, None)


@dataclass(frozen=True)
class _Read:
    """Reads a vector of the stream: through the frozen final norm, onto `w`."""

    final: Any
    w: Tensor
    w_size: Tensor

    def term(self, write: Tensor, size: Tensor, norm: Any = None, *, d_in: int = 0, relative: float = 0.0) -> Term:
        units = NORM_ROUNDINGS * (self.final.unit + (0.0 if norm is None else norm.unit))
        slack = units + (d_in + 4 * len(self.w)) * EPS64 + relative
        magnitude = float(self.w_size @ self.final.magnitude(size.double()))
        return Term(float(self.w @ self.final.linear(write.double())), magnitude * slack)

    def projected(self, keys: list[Key], inputs: Tensor, projection: nn.Module, norm: Any) -> dict[Key, Term]:
        """One term for each row of `inputs`, written by the module's own projection, less its bias."""
        writes = without_bias(projection, inputs)
        weight = projection.weight.detach().abs()
        sizes = inputs.abs() @ (weight.T if isinstance(projection, nn.Linear) else weight)  # else Conv1D
        d_in = inputs.shape[1]
        return {
            key: self.term(norm.linear(write), norm.magnitude(size), norm, d_in=d_in)
            for key, write, size in zip(keys, writes, sizes, strict=True)
        }

    def bias(self, kind: str, layer: int, bias: Tensor | None, norm: Any) -> dict[Key, Term]:
        if bias is None:
            return {}
        bias = bias.detach().double()
        return {(kind, layer, *_NOWHERE[1:]): self.term(norm(bias), norm.magnitude(bias), norm)}


def without_bias(projection: nn.Module, inputs: Tensor) -> Tensor:
    """What the projection writes, with its bias zeroed for the call: `(a + b) - b` would not be `a`."""
    with torch.no_grad():
        if projection.bias is None:
            return projection(inputs)
        kept = projection.bias.detach().clone()
        projection.bias.zero_()
        try:
            return projection(inputs)
        finally:
            projection.bias.copy_(kept)


def _only(z: Tensor, head: int) -> Tensor:
    padded = torch.zeros_like(z)
    padded[head] = z[head]
    return padded.reshape(-1)


@contextmanager
def eager(module: Any) -> Iterator[None]:
    """The module's own eager attention for a while."""
    before = module.config._attn_implementation
    module.set_attn_implementation("eager")
    try:
        yield
    finally:
        module.set_attn_implementation(before)


def compare(found: dict[Key, float], expected: dict[Key, Term]) -> float:
    """Assert that terms are the same terms with the same values; return the largest error in units of its bound."""
    assert found.keys() == expected.keys(), (
        f"missing {sorted(map(str, expected.keys() - found.keys()))[:5]}, "
        f"unexpected {sorted(map(str, found.keys() - expected.keys()))[:5]}"
    )
    worst = 0.0
    for key, term in expected.items():
        error = abs(found[key] - term.value)
        assert error <= term.bound, f"{key}: found {found[key]!r}, expected {term.value!r} within {term.bound:.1e}"
        worst = max(worst, error / term.bound if term.bound else 0.0)
    return worst


def terms_of(ledger: Any) -> dict[Key, float]:
    """The terms of a ledger of `unembed`, each of which must be there once."""
    terms = ledger.terms()
    found = {(t.kind, t.layer, t.head, t.expert, t.neuron, t.source): t.value for t in terms}
    assert len(found) == len(terms), "the same term twice"
    return found
