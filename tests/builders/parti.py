"""The small Parti as it ships, captions to try it on, and values of other captions put in by plain hooks."""

from contextlib import contextmanager
from importlib import resources

import torch

from unembed.toys.parti.captions import COLOURS, Caption, Thing, captions

FOLDER = resources.files("unembed") / "data" / "toys" / "parti"
SAMPLE = captions(held_out=True)[::6]
FIRST_PHRASE = [0, 1, 2]


@contextmanager
def values_from(module, tokenizer, texts):
    """Cross-attention reads its values at the first phrase from other captions; its keys stay."""
    with torch.no_grad():
        states = module.get_encoder()(**tokenizer(texts, padding=True, return_tensors="pt")).last_hidden_state
    handles = []
    for layer in module.model.decoder.layers:

        def replace(linear, _, values):
            other = torch.nn.functional.linear(states, linear.weight, linear.bias)
            values = values.clone()
            values[:, FIRST_PHRASE] = other[:, FIRST_PHRASE]
            return values

        handles.append(layer.encoder_attn.v_proj.register_forward_hook(replace))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def recoloured(caption, number):
    """The caption with its first object in another colour, which one by `number`, that differs from the second."""
    thing = caption.first
    others = [Thing(colour, thing.shape) for colour in COLOURS if colour != thing.colour]
    others = [other for other in others if other != caption.second]
    return Caption(others[number % len(others)], caption.relation, caption.second)
