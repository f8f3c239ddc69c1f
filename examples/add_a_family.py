"""Support a model type that has no row: OLMo. The model is tiny and random, so nothing is downloaded."""

import torch
from transformers import GraniteConfig, GraniteForCausalLM, OlmoConfig, OlmoForCausalLM

import unembed

torch.manual_seed(0)
SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def row(model_type: str) -> unembed.Family:
    """Where the parts are. Paths of the first three start at the model, the others at a block."""
    return unembed.Family(
        model_type=model_type,
        blocks="model.layers",
        final_norm="model.norm",
        embedding="model.embed_tokens",
        attention="self_attn",
        attention_input_norm="input_layernorm",
        output_projection="self_attn.o_proj",
        down_projection="mlp.down_proj",
        writes=("self_attn", "mlp"),
    )


unembed.register(row("olmo"))
model = unembed.wrap(OlmoForCausalLM(OlmoConfig(**SIZES, **IDS)).double().eval())
ledger = unembed.decompose(unembed.readout(unembed.record(model, [3, 14, 15, 92, 65])), by="source+neuron")
print(model)
print(ledger)
assert abs(ledger.error) <= ledger.tolerance

# Granite looks the same, but its blocks scale what they add. The row does not say so, and the load check refuses it.
unembed.register(row("granite"))
try:
    unembed.wrap(GraniteForCausalLM(GraniteConfig(**SIZES, **IDS, residual_multiplier=0.5)).double().eval())
except unembed.ModelError as error:
    print(f"\nrefused: {error}")
else:
    raise AssertionError("a row that does not describe the model must be refused")
