"""How parts and sites of a model are written and read: `L23.H4`, `L3.X2` (cross-attention), `L24.N1005`, `L24.E2.N17`,
`L29 mlp`, `L3 resid_pre`, `L3.H2 pattern ← 1 @ 5`; inside an encoder `enc.L3.H4`, `enc.L2 mlp`.

What a name means is for `Site.parse` (sites.py) and `Part.parse` (parts.py) to say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from unembed.errors import InputError

_SHORT = {
    "attention": "attn",
    "attention_bias": "attn bias",
    "cross_attention": "cross",
    "cross_attention_bias": "cross bias",
    "stream_norm_shift": "norm shift",
    "resid_pre": "resid_pre",  # as `Site.parse` reads them, unlike the words of terms
    "resid_mid": "resid_mid",
    "resid_post": "resid_post",
    "attention_rounding": "attn rounding",
    "attention_product_rounding": "attn product rounding",
    "cross_attention_rounding": "cross rounding",
    "cross_attention_product_rounding": "cross product rounding",
}
ENCODER = "enc."
"""What stands before the name of a part of the encoder, and before the word for its kind (`enc.head`)."""
_NUMBER = r"-?\d+"
_NAME = re.compile(
    rf"(?P<encoder>{re.escape(ENCODER)})?L(?P<layer>{_NUMBER})"
    rf"(?:\.?(?P<letter>[HX])(?P<head>{_NUMBER}))?(?:\.?E(?P<expert>{_NUMBER}))?(?:\.?N(?P<neuron>{_NUMBER}))?"
    r"(?: +(?P<word>[a-z_]+))?"
    rf"(?: *(?:←|<-) *(?P<source>{_NUMBER}))?"
    rf"(?: *@ *(?P<positions>{_NUMBER}(?: *, *{_NUMBER})*))?"
)


@dataclass(frozen=True)
class Name:
    """The pieces of a name. What it leaves out is None."""

    layer: int
    encoder: bool
    """Whether it is inside the encoder."""
    head: int | None
    cross: bool
    """Whether the head was written with an X."""
    expert: int | None
    neuron: int | None
    word: str | None
    source: int | None
    positions: tuple[int, ...] | None


def read_name(text: str) -> Name:
    """The pieces of the name of a site or a part.

    Raises:
        InputError: it is none.
    """
    found = _NAME.fullmatch(text.strip())
    if found is None or not any(found[piece] for piece in ("head", "expert", "neuron", "word")):
        raise InputError(
            f"Expected a name such as L23.H4, L3.X2 (cross-attention), enc.L3.H4 (inside an encoder), L24.N1005, "
            f"L24.E2.N17 (of an expert), L29 mlp, L29 attn or L3 resid_pre; found {text!r}."
        )
    numbers = {
        piece: None if found[piece] is None else int(found[piece]) for piece in ("head", "expert", "neuron", "source")
    }
    positions = found["positions"]
    return Name(
        layer=int(found["layer"]),
        encoder=found["encoder"] is not None,
        cross=found["letter"] == "X",
        word=found["word"],
        positions=None if positions is None else tuple(int(p) for p in positions.split(",")),
        **numbers,
    )


def written_out(word: str | None) -> str | None:
    """The whole word of a short one: `attention` of `attn`."""
    return next((whole for whole, short in _SHORT.items() if short == word), word)


def part_name(
    kind: str, layer: int | None, head: int | None = None, expert: int | None = None, neuron: int | None = None
) -> str:
    """The name of a part of some kind (`enc.head`, too). What does not apply is None; a head, expert or neuron needs no
    word.
    """
    encoder, kind = stack_and_word(kind)
    if encoder:
        return in_stack(part_name(kind, layer, head, expert, neuron), encoder)
    where = "" if layer is None else f"L{layer}"
    index = _indices("X" if kind.startswith("cross") else "H", head, expert, neuron)
    if index and kind == "shared_experts":
        return f"{where}.shared{index}"
    if index and kind.endswith("_rounding"):
        return f"{where}{index} rounding"
    return where + index if index else f"{where} {_SHORT.get(kind, kind.replace('_', ' '))}".strip()


def site_name(
    kind: str,
    layer: int,
    head: int | None = None,
    expert: int | None = None,
    neuron: int | None = None,
    source: int | None = None,
    positions: Sequence[int] | None = None,
) -> str:
    """The name of a site: indices, the word of its kind (a single neuron needs none), source and positions."""
    name = f"L{layer}" + _indices("H", head, expert, neuron)
    name += "" if kind == "neuron" and neuron is not None else f" {kind}"
    name += "" if source is None else f" ← {source}"
    return name + ("" if positions is None else f" @ {','.join(map(str, positions))}")


def _indices(letter: str, head: int | None, expert: int | None, neuron: int | None) -> str:
    found = ((letter, head), ("E", expert), ("N", neuron))
    return "".join(f".{name}{i}" for name, i in found if i is not None)


def stack_and_word(word: str) -> tuple[bool, str]:
    """Whether a word is for parts of the encoder, and the word for such parts of any stack: `head` of `enc.head`."""
    return word.startswith(ENCODER), word.removeprefix(ENCODER)


def in_stack(name: str, encoder: bool) -> str:
    """A name or a word as it is written of a part of the encoder: `enc.L3.H4`, `enc.head`."""
    return ENCODER + name if encoder else name


def head_name(layer: int, head: int, *, cross: bool = False) -> str:
    """`L23.H4`; of cross-attention, `L3.X2`."""
    return part_name("cross_head" if cross else "head", layer, head)


def neuron_name(layer: int, expert: int | None, neuron: int) -> str:
    """`L24.N1005`; of an expert, `L24.E2.N17`."""
    return part_name("neuron", layer, None, expert, neuron)


def name_of_group(first: str, last: str) -> str:
    """What a group is called: `0.58s`, `0.58s–0.64s`, `0.60s–0.64s padding`."""
    if first == last:
        return first
    start, padding = first.removesuffix(" padding"), " padding" if first.endswith(" padding") else ""
    return f"{start}–{last.removesuffix(' padding')}{padding}"
