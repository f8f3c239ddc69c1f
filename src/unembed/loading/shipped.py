"""Where the toys lie that ship with the package, and what they are called: `--model toy/two-layer`."""

from pathlib import Path

from unembed.errors import ModelError

GPTS = ("zero-layer", "one-layer", "two-layer", "facts")
"""Those that continue a text."""
TOYS = (*GPTS, "cloze")
"""Those and a BERT, which fills a blank: `unembed toys` trains and evaluates them."""
SHIPPED = (*TOYS, "parti")
"""All that ship: the small Parti is an encoder-decoder with a package of its own."""
PREFIX = "toy/"


def is_toy(name: str) -> bool:
    """Whether a model's name is that of a toy, one that ships or not."""
    return name.startswith(PREFIX)


def toy_folder(toy: str) -> Path:
    """The folder of a toy that ships.

    Raises:
        ModelError: there is no such toy.
    """
    if toy not in SHIPPED:
        raise ModelError(f"There is no toy {toy!r}: expected {', '.join(PREFIX + known for known in SHIPPED)}.")
    return Path(__file__).parents[1] / "data" / "toys" / toy
