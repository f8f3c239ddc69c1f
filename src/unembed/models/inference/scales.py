"""Constants by which a model multiplies, for sizes other than those of the tiny copy on which they were measured.

One that depends on the width or the depth (the root of the width, in Gemma's embedding) is told from one that a
configuration holds: with the right power of the right size it is a value of the configuration, or 1.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import isclose
from typing import Any

from unembed.models.family import Family
from unembed.models.inference.tiny import SIZES

_EXACT = 1e-9
_POWERS = (1.0, -1.0, 0.5, -0.5)


def for_sizes_of(row: Family, tiny: Any, real: Any) -> Family:
    """A row that was found on a tiny copy, with the constants of the real configuration."""
    sizes = [pair for name in ("hidden_size", "num_hidden_layers") if None not in (pair := _sizes(name, tiny, real))]
    known = {1.0, *_numbers(tiny.to_dict())}

    def told(scale: float) -> float:
        return _told(scale, known, sizes)

    embedding = row.embedding_scale
    return replace(
        row,
        embedding_scale=told(embedding) if isinstance(embedding, float) else embedding,
        unembedding_scale=told(row.unembedding_scale),
        logit_multiplier=told(row.logit_multiplier),
        write_scale=told(row.write_scale),
        of_class=tuple((name, for_sizes_of(x, tiny, real)) for name, x in row.of_class),
    )


def _told(scale: float, known: set[float], sizes: list[tuple[Any, Any]]) -> float:
    if _is_in(scale, known) or _is_in(1 / scale, known):
        return scale
    for numbers in ({1.0}, known):  # a root of the width alone goes before what a value happens to be
        for small, size in sizes:
            for power in _POWERS:
                if _is_in(scale / small**power, numbers):
                    return scale / small**power * size**power
    return scale


def _is_in(number: float, known: set[float]) -> bool:
    return any(isclose(number, x, rel_tol=_EXACT) for x in known)


def _sizes(name: str, tiny: Any, real: Any) -> tuple[Any, Any]:
    return getattr(tiny, name, None), getattr(real, name, None)


def _numbers(values: Any) -> Iterator[float]:
    """The values of a configuration that may be constants: those that are no sizes of the copy."""
    for x in [x for name, x in values.items() if name not in SIZES] if isinstance(values, dict) else values:
        if isinstance(x, dict | list | tuple):
            yield from _numbers(x)
        elif isinstance(x, int | float) and not isinstance(x, bool) and x:
            yield float(x)
