"""Fragments: what tokens say that hold some bytes of a character each, read beside their neighbours.

`首` may be three tokens of a byte. Alone each is `<0xE9>` or the like, which names it (tokens.py) and tells a reader
nothing; in its place in a prompt it is the first of the three that make `首`: `首 1/3`.
"""

from collections.abc import Iterator, Sequence

from unembed.models.labels import visible
from unembed.models.model import Model
from unembed.models.tokens import token_names


def fragments(model: Model, tokens: Sequence[int]) -> tuple[str | None, ...]:
    """How each token of a text is shown that shares a character with others: `首 1/3`; None for all the others.

    A token that ends one character and begins the next says both: `首 3/3 都 1/2`. Bytes of which the text makes no
    character stay bytes.
    """
    names = token_names(model)
    if not any("<0x" in names.of(token) for token in tokens):
        return (None,) * len(tokens)
    by_token = {token: raw for raw, token in names.bytes_.items()}
    raws = [by_token.get(token, b"") for token in tokens]
    owners = [place for place, raw in enumerate(raws) for _ in raw]
    said: list[list[str]] = [[] for _ in tokens]
    shared: set[int] = set()
    start = 0
    for text, size in _characters(raws):
        places = list(dict.fromkeys(owners[start : start + size]))
        for part, place in enumerate(places, 1):
            said[place].append(f" {visible(text)} {part}/{len(places)} " if len(places) > 1 else visible(text))
        shared |= set(places) if len(places) > 1 else set()
        start += size
    return tuple(" ".join("".join(said[i]).split()) if i in shared else None for i in range(len(tokens)))


def _characters(raws: Sequence[bytes]) -> Iterator[tuple[str, int]]:
    """The characters of bytes that follow each other, with how many bytes each has; what is none, byte by byte.

    A token whose bytes are not known ends what stands before it.
    """
    run = b""
    for raw in (*raws, b""):
        if raw:
            run += raw
            continue
        yield from _decoded(run)
        run = b""


def _decoded(run: bytes) -> Iterator[tuple[str, int]]:
    while run:
        for size in range(1, min(4, len(run)) + 1):
            try:
                yield run[:size].decode(), size
            except UnicodeDecodeError:
                continue
            break
        else:
            size = 1
            yield f"<0x{run[0]:02X}>", 1
        run = run[size:]
