"""A circuit run in straight lines on a plain transformers Llama or GPT-2: one loop over readers, no batch, no hook."""

from functools import partial

import torch


def llama_parts(module, norm=lambda norm, x: norm(x), gated=lambda act, gate, up: act(gate) * up, attended=None):
    """The steps of a Llama, each on a stream `position d_model`; other norms, gates and attention may be tried."""
    config, body = module.config, module.model
    heads, groups = config.num_attention_heads, config.num_attention_heads // config.num_key_value_heads

    def rotated(x, cos, sin):
        half = x.shape[-1] // 2
        return x * cos + torch.cat([-x[:, half:], x[:, :half]], -1) * sin

    def head(layer, index, q_stream, k_stream, v_stream):
        block, d = body.layers[layer], config.head_dim
        own, shared = slice(index * d, index * d + d), slice(index // groups * d, index // groups * d + d)
        places = torch.arange(len(q_stream))[None]
        cos, sin = (x[0] for x in body.rotary_emb(q_stream[None], places))
        attention = block.self_attn
        q = rotated(attention.q_proj(norm(block.input_layernorm, q_stream))[:, own], cos, sin)
        k = rotated(attention.k_proj(norm(block.input_layernorm, k_stream))[:, shared], cos, sin)
        v = attention.v_proj(norm(block.input_layernorm, v_stream))[:, shared]
        # As a Llama does, whatever it runs in. A bias of the output is no head's: they share it.
        z = (attended or partial(_attended, softmax_in=torch.float32))(q, k, v)
        return z @ attention.o_proj.weight[:, own].T + attention.o_proj.bias / heads

    def mlp(layer, stream):
        block = body.layers[layer]
        x = norm(block.post_attention_layernorm, stream)
        return block.mlp.down_proj(gated(block.mlp.act_fn, block.mlp.gate_proj(x), block.mlp.up_proj(x)))

    def logits(stream):
        return module.lm_head(norm(body.norm, stream))

    return config.num_hidden_layers, heads, body.embed_tokens, head, mlp, logits


def gpt2_parts(module):
    """The steps of a GPT-2."""
    config, body = module.config, module.transformer
    heads, d = config.n_head, config.n_embd // config.n_head

    def embed(ids):
        return body.wte(ids) + body.wpe(torch.arange(len(ids)))

    def head(layer, index, q_stream, k_stream, v_stream):
        block = body.h[layer]
        weight, vector = block.attn.c_attn.weight, block.attn.c_attn.bias

        def made(stream, which):
            own = slice(which * config.n_embd + index * d, which * config.n_embd + index * d + d)
            return block.ln_1(stream) @ weight[:, own] + vector[own]

        q = made(q_stream, 0) / (layer + 1 if config.scale_attn_by_inverse_layer_idx else 1)
        z = _attended(q, made(k_stream, 1), made(v_stream, 2))
        return z @ block.attn.c_proj.weight[index * d : index * d + d] + block.attn.c_proj.bias / heads

    def mlp(layer, stream):
        return body.h[layer].mlp(body.h[layer].ln_2(stream))

    def logits(stream):
        return module.lm_head(body.ln_f(stream))

    return config.n_layer, heads, embed, head, mlp, logits


def _attended(q, k, v, softmax_in=torch.float64):
    scores = q @ k.T / k.shape[-1] ** 0.5
    later = torch.ones(len(q), len(q), dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1, dtype=softmax_in).to(v.dtype) @ v


@torch.no_grad()
def circuit_logits(parts, clean, corrupt, edges, base=None):
    """The logits at the last position when `edges`, (sender, reader) pairs, carry what their senders now give.

    All others carry what these give in the corrupted run, or what `base` has for their name.
    """
    layers, heads, embed, head, mlp, logits = parts
    given, kept = {}, set(edges)

    def reads(reader, run):
        """The corrupted stream, and what each kept edge changes of it; `run` None is the corrupted run itself."""
        stream = sum(before for before, _ in given.values())
        if run is not None:
            for sender, (before, now) in given.items():
                stream = stream + (now - before if (sender, reader) in kept else 0)
        return stream

    def against(name, before):
        return before if base is None else base[name]

    given["input"] = against("input", embed(torch.tensor(corrupt))), embed(torch.tensor(clean))
    for layer in range(layers):
        wrote = {}
        for index in range(heads):
            name = f"a{layer}.h{index}"
            before, now = (
                head(layer, index, *(reads(f"{name}<{kind}>", run) for kind in "qkv")) for run in (None, "circuit")
            )
            wrote[name] = against(name, before), now
        given |= wrote
        before, now = (mlp(layer, reads(f"m{layer}", run)) for run in (None, "circuit"))
        given[f"m{layer}"] = against(f"m{layer}", before), now
    return logits(reads("logits", "circuit"))[-1]
