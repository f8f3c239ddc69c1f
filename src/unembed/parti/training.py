"""Training of the small Parti, from a seed.

The decoder is given the previous image tokens, as in any language model, but at random some are hidden behind
`<mask>`: a share of them that is drawn anew for each picture, uniformly from 0 to 1. Otherwise the decoder copies what
stands beside a cell and hardly reads the caption.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from unembed.parti.captions import captions
from unembed.parti.pictures import GRID, draw
from unembed.parti.vocabulary import HIDDEN, IDS, PADDING, START, TOKENS, make_tokenizer
from unembed.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import MBartForConditionalGeneration

STEPS, BATCH, WARM_UP = 700, 32, 40
RATE, DECAY = 2e-3, 0.01
DEVIATION = 0.08


def build(seed: int) -> "MBartForConditionalGeneration":
    """The model with random weights: mBART's layers (norms before each part, learned positions), 0.95 million."""
    from transformers import MBartConfig, MBartForConditionalGeneration

    sizes: dict[str, Any] = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("layers", 2), ("attention_heads", 4), ("ffn_dim", 512))
    }
    config = MBartConfig(
        vocab_size=len(TOKENS),
        d_model=128,
        max_position_embeddings=GRID * GRID,
        dropout=0.0,
        init_std=DEVIATION,
        bos_token_id=IDS[START],
        decoder_start_token_id=IDS[START],
        pad_token_id=IDS[PADDING],
        eos_token_id=None,  # a picture ends after its last cell
        forced_eos_token_id=None,
        **sizes,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = MBartForConditionalGeneration(config)
    module.generation_config.max_new_tokens = GRID * GRID
    return module


def save(module: "MBartForConditionalGeneration", folder: Path) -> None:
    """Write a Hugging Face folder in half precision: weights, configurations, tokenizer. The module is halved too."""
    module.half().save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    for file in folder.iterdir():  # safetensors makes its files private
        file.chmod(0o644)


def train(*, seed: int = 0, steps: int = STEPS, progress: Progress = silent) -> "MBartForConditionalGeneration":
    """Train on all captions that are not held out; about three minutes on one thread of a processor.

    AdamW (Loshchilov and Hutter 2019); the learning rate rises over the first steps and falls to zero by a cosine. The
    loss is the mean of `-log P` of all 64 image tokens, in nats.

    Args:
        seed: of the weights, the batches and what is hidden.
        steps: batches in all.
        progress: called after every step.
    """
    module, generator = build(seed), torch.Generator().manual_seed(seed)
    texts, masks, pictures = examples()
    optimizer = torch.optim.AdamW(module.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=DECAY)
    module.train()
    for step in range(steps):
        rows = torch.randint(len(texts), (BATCH,), generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad(set_to_none=True)
        seen = hidden_inputs(pictures[rows], generator)
        logits = module(input_ids=texts[rows], attention_mask=masks[rows], decoder_input_ids=seen).logits
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), pictures[rows].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        progress(f"Training, loss {loss.item():.4f}", (step + 1) / steps)
    return module.eval()


def examples() -> tuple[Int[Tensor, "caption word"], Int[Tensor, "caption word"], Int[Tensor, "caption 64"]]:
    """All captions that are trained on: their ids, which of those are no padding, and their image tokens."""
    trained = captions(held_out=False)
    texts = make_tokenizer()([caption.text for caption in trained], padding=True, return_tensors="pt")
    pictures = torch.tensor([[IDS[token] for token in draw(caption)] for caption in trained])
    return texts["input_ids"], texts["attention_mask"], pictures


def hidden_inputs(pictures: Int[Tensor, "row 64"], generator: torch.Generator) -> Int[Tensor, "row 64"]:
    """What the decoder is given: the start, then all image tokens but the last, some of them hidden."""
    rates = torch.rand(len(pictures), 1, generator=generator)
    hidden: Bool[Tensor, "row 64"] = torch.rand(pictures.shape, generator=generator) < rates
    seen = pictures.masked_fill(hidden, IDS[HIDDEN]).roll(1, 1)
    seen[:, 0] = IDS[START]
    return seen
