"""Names of tokens: every token of a vocabulary has one, no two share one, and each reads back.

A name is made of the token's piece, as the tokenizer keeps it, never by decoding the token alone: SentencePiece
vocabularies have both `▁Paris` and `Paris`, which decode alike. It is what the token adds to a text where that says
which token it is:

- a piece's text, with the space it brings: ` Paris` (byte-level `ĠParis`, SentencePiece `▁Paris`), `Paris`;
- what continues a word in a WordPiece vocabulary keeps its mark, `##s`; what begins one brings its space, ` of`;
- in a masked language model of the other vocabularies, what brings no space is marked likewise, `##Paris`: at a blank
  the text `Paris` is read as the word ` Paris`, as running text has it (targets.py);
- bytes that are no text are written as bytes: `<0xF0>`, `<0xF0><0x9F>`;
- anything else is `id:29871`: a token that the tokenizer does not know (a padded vocabulary), an empty piece, and a
  piece whose name another token has already.

`id:29871` and `<0x0A>` are also read where the token has another name. A name is read as it is, or as it is shown
(`visible`: `·Paris`), so that what is printed can be typed. For that a name never holds what `visible` writes for
something else: a literal `·` is `\\u00b7`. (Where only ASCII is shown, `_Paris` is read as the token `_Paris`, if there
is one, before it is read as ` Paris`.)
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from unembed.errors import InputError
from unembed.models.labels import escaped, from_ascii, unescaped, visible
from unembed.models.model import Model

_ID = re.compile(r"id:(\d+)")
_BYTES = re.compile(r"(?:<0x[0-9a-fA-F]{2}>)+")
EXPLICIT = re.compile(rf"{_ID.pattern}|{_BYTES.pattern}")
"""What names a token and is no text."""


@dataclass(frozen=True)
class TokenNames:
    """The names of a vocabulary. Made by `token_names`."""

    names: tuple[str, ...]
    """By token id."""
    ids: dict[str, int]
    """By name."""
    bytes_: dict[bytes, int]
    """By its bytes, for tokens of a byte-level vocabulary, and of single bytes."""

    def of(self, token: int) -> str:
        """The name of a token."""
        return self.names[token] if 0 <= token < len(self.names) else f"id:{token}"

    def read(self, text: str) -> tuple[int, ...] | None:
        """The token that a text names, or the tokens of its bytes; None where it names none."""
        if found := _ID.fullmatch(text):
            return (int(found[1]),)
        for name in (text, unescaped(text), from_ascii(text)):
            if name in self.ids:
                return (self.ids[name],)
        return self._of_bytes(text) if _BYTES.fullmatch(text) else None

    def _of_bytes(self, text: str) -> tuple[int, ...] | None:
        written = bytes.fromhex(text.replace("<0x", "").replace(">", ""))
        if written in self.bytes_:
            return (self.bytes_[written],)
        found = [self.bytes_.get(bytes([one])) for one in written]
        return None if None in found else tuple(token for token in found if token is not None)


_kept: "WeakKeyDictionary[Any, tuple[tuple[int, int, bool], TokenNames]]" = WeakKeyDictionary()
_counted: "WeakKeyDictionary[Any, tuple[int | None, int]]" = WeakKeyDictionary()
JOINED = "##"
"""The mark of a token that joins what stands before it, where a text without a space is read with one."""


def token_names(model: Model) -> TokenNames:
    """The names of a model's vocabulary, made once for a tokenizer."""
    tokenizer: Any = model.tokenizer
    if tokenizer is None:
        return TokenNames((), {}, {})
    size = max(len(tokenizer), _rows(model))
    mark = (size, len(tokenizer), model.fills_blanks)
    known, names = _kept.get(tokenizer, (None, None))
    if names is None or known != mark:
        names = _named(tokenizer, size, joined=model.fills_blanks)
        _kept[tokenizer] = (mark, names)
    return names


def _rows(model: Model) -> int:
    """Rows of the unembedding, or 0; looked up again once the module's vocabulary was resized."""
    said = getattr(model.config, "vocab_size", None)
    known = _counted.get(model.module)
    if known is None or known[0] != said:
        known = _counted[model.module] = (said, model.vocab if model.has_unembedding else 0)
    return known[1]


def name_of(model: Model, token: int) -> str:
    """The name of a token; `id:7` without a tokenizer."""
    return token_names(model).of(token)


def label_of(model: Model, token: int) -> str:
    """The name of a token as it is shown, in quotes: for messages and notes."""
    return f"'{visible(name_of(model, token))}'"


def read_token(model: Model, text: str) -> tuple[int, ...] | None:
    """The token that a text names (`id:29871`, a label), or tokens of bytes (`<0xF0><0x9F>`); None if it names none.

    Raises:
        InputError: an id outside the vocabulary.
    """
    found = token_names(model).read(text)
    if found is not None and any(token >= model.vocab for token in found):
        raise InputError(f"{text!r} is not in the vocabulary of {model.vocab} tokens of {model.name}.")
    return found


def _named(tokenizer: Any, size: int, *, joined: bool) -> TokenNames:
    names: list[str] = []
    ids: dict[str, int] = {}
    written: dict[bytes, int] = {}
    for token, (text, raw) in enumerate(_texts(tokenizer, size, joined)):
        name = escaped(text)
        if not name or name in ids or _ID.fullmatch(name):
            name = f"id:{token}"
        names.append(name)
        ids[name] = token
        if raw:
            written.setdefault(raw, token)
    return TokenNames(tuple(names), ids, written)


def _texts(tokenizer: Any, size: int, joined: bool) -> Iterator[tuple[str, bytes]]:
    """What each token adds to a text, and its bytes where the vocabulary has bytes; both empty where there is none.

    With `joined`, what a vocabulary that writes spaces adds without one is marked.
    """
    added = {token: str(entry) for token, entry in tokenizer.added_tokens_decoder.items()}
    pieces = _pieces(tokenizer, min(size, len(tokenizer)), set(added))
    text_of = _scheme(tokenizer, pieces)
    for token in range(size):
        if token in added:
            yield added[token], b""
        elif token < len(pieces) and pieces[token]:
            text, raw = text_of(str(pieces[token]))
            marked = joined and text_of in (_byte_level, _spaced) and text[:1] != " " and not EXPLICIT.fullmatch(text)
            yield JOINED + text if marked else text, raw
        else:
            yield "", b""


def _pieces(tokenizer: Any, size: int, known: set[int]) -> list[str | None]:
    """The pieces as the tokenizer keeps them; None where it has none for an id."""
    found: dict[int, str] = {token: piece for piece, token in tokenizer.get_vocab().items()}
    return [None if token in known else found.get(token) for token in range(size)]


_Text = Callable[[str], tuple[str, bytes]]


def _scheme(tokenizer: Any, pieces: list[str | None]) -> _Text:
    """How this tokenizer writes text in its pieces, from its decoder; without one the piece is the text."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    parts = {} if backend is None else json.loads(_without_vocabulary(backend))
    kinds = {name: settings for part in ("decoder", "pre_tokenizer") for name, settings in _kinds(parts.get(part))}
    if "ByteLevel" in kinds:
        return _byte_level
    if "WordPiece" in kinds:
        return _word_piece(kinds["WordPiece"].get("prefix", "##"))
    return _spaced if any(piece and "▁" in piece for piece in pieces) else _plain


def _without_vocabulary(backend: Any) -> str:
    """Decoder and pre-tokenizer as JSON; the vocabulary would take long to write."""
    parts = {name: getattr(backend, name) for name in ("decoder", "pre_tokenizer")}
    states = {name: part.__getstate__().decode() for name, part in parts.items() if part is not None}
    return "{" + ", ".join(f'"{name}": {state}' for name, state in states.items()) + "}"


def _kinds(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds of a part of a tokenizer with their settings; a sequence has several."""
    if part:
        yield part["type"], part
        for inner in (*part.get("decoders", ()), *part.get("pretokenizers", ())):
            yield from _kinds(inner)


def _byte_alphabet() -> dict[str, int]:
    """The characters by which byte-level vocabularies write bytes: those that print are themselves (GPT-2)."""
    printed = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(b): b for b in printed} | {chr(256 + i): b for i, b in enumerate(others)}


_ALPHABET = _byte_alphabet()


def _byte_level(piece: str) -> tuple[str, bytes]:
    try:
        raw = bytes(map(_ALPHABET.__getitem__, piece))
    except KeyError:
        return piece, b""
    return _with_bytes(raw), raw


def _with_bytes(raw: bytes) -> str:
    """Text where it is UTF-8, and bytes where it is not: ` <0xF0><0x9F>`."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        bad = "".join(f"<0x{byte:02X}>" for byte in raw[error.start : error.end])
        return raw[: error.start].decode() + bad + _with_bytes(raw[error.end :])


def _spaced(piece: str) -> tuple[str, bytes]:
    """SentencePiece: `▁` is a space, and `<0x0A>` a byte that falls back."""
    if len(piece) == 6 and _BYTES.fullmatch(piece):
        return piece, bytes.fromhex(piece[3:5])
    return piece.replace("▁", " "), b""


def _word_piece(prefix: str) -> _Text:
    return lambda piece: (piece if piece.startswith(prefix) else f" {piece}", b"")


def _plain(piece: str) -> tuple[str, bytes]:
    return _spaced(piece) if _BYTES.fullmatch(piece) else (piece, b"")
