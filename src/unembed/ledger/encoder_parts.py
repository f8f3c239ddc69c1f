"""Parts inside an encoder: what they add to a readout of the decoder, with patterns and the scales of norms frozen.

    credit(part) = sum over source positions s of  w_s . (what the part writes at s)

with `w` the readout of what cross-attention adds, pulled back through the encoder to the part's sublayer
(input_credit.py). Exact for what the write carries on its linear ways to the logit; MLPs above it and changed patterns
are not counted, which is what zeroing the part is for.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.input_credit import readouts_in_encoder
from unembed.ledger.readout import Readout
from unembed.models.layers import projection
from unembed.models.model import Model
from unembed.models.parts import Part
from unembed.runs.kept import Heads
from unembed.runs.run import Run


@torch.no_grad()
def heads_in_encoder(read: Readout) -> list[Float[Tensor, "head source"]]:
    """What the value at each source position adds to a readout through each head of the encoder, layer by layer.

    Summed over the positions from which the head attends; over sources it is the head's credit.

    Raises:
        InputError: the model has no encoder.
    """
    at, run, found = readouts_in_encoder(read), read.run.encoder, []
    for layer, block in enumerate(run.model.blocks):
        heads = heads_of(run, layer)
        folded = at[layer, "attention"] @ block.output_by_head.double().transpose(1, 2)
        found.append(torch.einsum("hqs,hqd,hsd->hs", heads.pattern.double(), folded, heads.value.double()))
    return found


@torch.no_grad()
def credit_in_encoder(read: Readout, part: Part) -> float:
    """What a sublayer, head or neuron of the encoder adds to a readout, over all source positions.

    Raises:
        InputError: the model has no encoder.
    """
    if part.head is not None:
        return float(heads_in_encoder(read)[part.layer][part.head].sum())
    at, run = readouts_in_encoder(read), read.run.encoder
    layer = run.layers[part.layer]
    if part.kind == "attention":
        return float((at[part.layer, "attention"] * layer.attention_write.double()).sum())
    w = at[part.layer, "mlp"]
    if part.neuron is None:
        return float((w * layer.mlp_write.double()).sum())
    row = projection(_down(run.model, part.layer))[part.neuron].double()
    return float(_activations(run, part.layer)[:, part.neuron].double() @ (w @ row))


def heads_of(run: Run, layer: int) -> Heads:
    """The heads of a layer of an encoder's run."""
    heads = run.layers[layer].heads
    assert heads is not None
    return heads


def _down(model: Model, layer: int) -> torch.nn.Module:
    down = model.blocks[layer].down_projection
    if down is None:
        raise InputError(f"Layer {layer} of the encoder has no neurons.")
    return down


def _activations(run: Run, layer: int) -> Float[Tensor, "source neuron"]:
    return run.whole("neuron", layer, torch.arange(len(run.tokens), device=run.model.device))
