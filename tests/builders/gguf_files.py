"""Tiny GGUF files, and what is refused of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter, quantize

from unembed.errors import ModelError
from unembed.loading import weights

D_MODEL, D_MLP, LAYERS, KV = 32, 64, 2, 16
SHAPES = {
    "attn_norm": (D_MODEL,),
    "ffn_norm": (D_MODEL,),
    "attn_q": (D_MODEL, D_MODEL),
    "attn_k": (KV, D_MODEL),
    "attn_v": (KV, D_MODEL),
    "attn_output": (D_MODEL, D_MODEL),
    "ffn_gate": (D_MLP, D_MODEL),
    "ffn_up": (D_MLP, D_MODEL),
    "ffn_down": (D_MODEL, D_MLP),
}


def write_gguf(
    path: Path,
    *,
    drop: str = "",
    extra: str = "",
    metadata: Callable[[GGUFWriter], None] | None = None,
    tokenizer: str = "gpt2",
    pre: str | None = None,
) -> Path:
    """A llama of two layers, quantised to 4 bits; 23 kB. `metadata` adds keys.

    The tokenizer is one of bytes (gpt2), or of pieces with scores (llama).
    """
    tokens = ["<|endoftext|>", *(chr(code) for code in range(0x100, 0x200)), "he"]
    writer = GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_license("mit")
    writer.add_context_length(64)
    writer.add_embedding_length(D_MODEL)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(D_MLP)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model(tokenizer)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    if tokenizer == "gpt2":
        writer.add_token_list([*tokens[:-3], "h", "e", "he"])
        writer.add_token_merges(["h e"])
    else:
        writer.add_token_list([*tokens[:-4], "\u2581", "h", "e", "he"])
        writer.add_token_scores([0.0] * (len(tokens) - 1) + [-1.0])
    writer.add_token_types([3] + [1] * (len(tokens) - 1))
    writer.add_eos_token_id(0)
    if metadata is not None:
        metadata(writer)
    numbers = np.random.default_rng(0)
    names = {"token_embd": (len(tokens), D_MODEL), "output_norm": (D_MODEL,)}
    names |= {f"blk.{i}.{name}": shape for i in range(LAYERS) for name, shape in SHAPES.items()}
    names |= {extra: (D_MODEL,)} if extra else {}
    for name, shape in names.items():
        values = numbers.standard_normal(shape).astype(np.float32)
        if name == drop:
            continue
        if len(shape) == 1:
            writer.add_tensor(f"{name}.weight", values)
        else:
            kind = GGMLQuantizationType.Q4_1
            writer.add_tensor(f"{name}.weight", quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def leftovers(cache):
    """What a conversion must not leave: anything hidden but the lock."""
    return [path for path in (cache / "models").glob(".*") if path.suffix != ".lock"]


def never(*args):
    raise AssertionError("converted again")


def refusal(name, **options):
    with pytest.raises(ModelError) as caught:
        weights.resolve(str(name), **options)
    assert caught.value.exit_code == 3
    return str(caught.value)
