"""How parts of a model are written: `L23.H4`, `L3.X2` (cross-attention), `L24.N1005`, `L24.E2.N17`, `L29 mlp`."""

_SHORT = {
    "attention": "attn",
    "attention_bias": "attn bias",
    "cross_attention": "cross",
    "cross_attention_bias": "cross bias",
    "stream_norm_shift": "norm shift",
}


def part_name(
    kind: str, layer: int | None, head: int | None = None, expert: int | None = None, neuron: int | None = None
) -> str:
    """The name of a part of some kind. What does not apply is None; a head, expert or neuron needs no word."""
    where = "" if layer is None else f"L{layer}"
    letter = "X" if kind.startswith("cross") else "H"
    indices = ((letter, head), ("E", expert), ("N", neuron))
    index = "".join(f".{name}{i}" for name, i in indices if i is not None)
    return where + index if index else f"{where} {_SHORT.get(kind, kind.replace('_', ' '))}".strip()


def head_name(layer: int, head: int, *, cross: bool = False) -> str:
    """`L23.H4`; of cross-attention, `L3.X2`."""
    return part_name("cross_head" if cross else "head", layer, head)


def neuron_name(layer: int, expert: int | None, neuron: int) -> str:
    """`L24.N1005`; of an expert, `L24.E2.N17`."""
    return part_name("neuron", layer, None, expert, neuron)
