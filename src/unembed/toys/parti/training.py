"""Training of the small Parti, from a seed. Two things are hidden from the decoder at random.

**Previous image tokens**, behind `<mask>`: a share that is drawn anew for each picture, uniformly from 0 to 1.
Otherwise the decoder copies what stands beside a cell and hardly reads the caption.

**Words that name no object** (the relation and `</s>`), in half of the captions; the encoder sees them always.
Without that, in three runs, the encoder moved the colour of the first object into the relation's word for two of the
four relations (not always the same two), and the decoder read it there and nowhere else.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from unembed.models.reprs import Brief
from unembed.progress import Progress, silent
from unembed.toys.checkpoints import new_folder
from unembed.toys.parti.captions import COLOURS, SHAPES, captions
from unembed.toys.parti.pictures import GRID, draw
from unembed.toys.parti.vocabulary import HIDDEN, IDS, PADDING, START, TOKENS, make_tokenizer

if TYPE_CHECKING:
    from transformers import MBartForConditionalGeneration

SEED = 1
"""Of the checkpoint that ships."""
STEPS, BATCH, WARM_UP = 500, 32, 40
RATE, DECAY = 2e-3, 0.01
_DEVIATION = 0.08
"""Of the weights at the start: about 1 / sqrt(d_model). The usual 0.02 learns several times more slowly here."""


def build(seed: int) -> "MBartForConditionalGeneration":
    """The model with 0.95 million random weights: layers as in mBART, with norms before each part."""
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
        init_std=_DEVIATION,
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
    """Write a Hugging Face folder in half precision: weights, configurations, tokenizer. The module is halved too.

    Raises:
        InputError: the folder exists already, or cannot be written; then nothing is kept.
    """
    with new_folder(folder) as work:
        module.half().save_pretrained(work)
        config = work / "config.json"  # half precision is for the file: the model runs in float32
        config.write_text(config.read_text().replace('"dtype": "float16"', '"dtype": "float32"'))
        make_tokenizer().save_pretrained(work)


@dataclass(frozen=True, repr=False)
class Examples(Brief):
    """Captions and their pictures by the rules."""

    words: Int[Tensor, "caption word"]
    """Ids, padded at the end."""
    mask: Int[Tensor, "caption word"]
    """1 at words, 0 at padding."""
    pictures: Int[Tensor, "caption 64"]
    """Ids of the image tokens."""

    def draw(self, count: int, generator: torch.Generator) -> "Examples":
        """`count` of them, at random with replacement."""
        rows = torch.randint(len(self.words), (count,), generator=generator)
        return Examples(self.words[rows], self.mask[rows], self.pictures[rows])


@cache
def examples() -> Examples:
    """All captions that are trained on."""
    trained = captions(held_out=False)
    texts = make_tokenizer()([caption.text for caption in trained], padding=True, return_tensors="pt")
    pictures = torch.tensor([[IDS[token] for token in draw(caption)] for caption in trained])
    return Examples(texts["input_ids"], texts["attention_mask"], pictures)


def train(*, seed: int = SEED, steps: int = STEPS, progress: Progress = silent) -> "MBartForConditionalGeneration":
    """Train on all captions that are not held out; about two minutes on one thread of a processor.

    AdamW (Loshchilov and Hutter 2019); the learning rate rises over the first steps and falls to zero by a cosine. The
    same seed gives the same weights on the same machine with the same number of threads.

    Args:
        seed: of the weights, the batches and what is hidden.
        steps: batches in all.
        progress: called after every step.
    """
    module, generator, every = build(seed), torch.Generator().manual_seed(seed), examples()
    optimizer = torch.optim.AdamW(module.parameters(), betas=(0.9, 0.98), weight_decay=DECAY)
    module.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad(set_to_none=True)
        value = _loss(module, every.draw(BATCH, generator), generator)
        value.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        progress("Training", (step + 1) / steps)
    return module.eval()


def _loss(module: Any, batch: Examples, generator: torch.Generator) -> Float[Tensor, ""]:
    """Mean of `-log P` over all image tokens of a batch, in nats, with previous tokens and words hidden."""
    previous = hide_tokens(batch.pictures, generator)
    encoded = module.get_encoder()(batch.words, batch.mask)
    seen = batch.mask * seen_words(batch.words, generator)
    logits = module(encoder_outputs=encoded, attention_mask=seen, decoder_input_ids=previous).logits
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.pictures.flatten())


def hide_tokens(pictures: Int[Tensor, "row 64"], generator: torch.Generator) -> Int[Tensor, "row 64"]:
    """What the decoder is given: the start, then all image tokens but the last, some of them hidden."""
    rates = torch.rand(len(pictures), 1, generator=generator)
    hidden = torch.rand(pictures.shape, generator=generator) < rates
    previous = pictures.masked_fill(hidden, IDS[HIDDEN]).roll(1, 1)
    previous[:, 0] = IDS[START]
    return previous


def seen_words(words: Int[Tensor, "row word"], generator: torch.Generator) -> Bool[Tensor, "row word"]:
    """Which positions the decoder may attend to: those that name an object, and in half of the rows all others too."""
    naming = torch.isin(words, torch.tensor([IDS[word] for word in ("a", *COLOURS, *SHAPES)]))
    return naming | (torch.rand(len(words), 1, generator=generator) < 0.5)
