"""What commands read: a prompt, text files, positions, numbers. `parser=` of an option takes these."""

import re
from pathlib import Path
from typing import Any

from unembed.cli.streams import read_input
from unembed.errors import InputError
from unembed.files import parse_json


def read_prompt(prompt: str) -> str:
    """The prompt itself, or standard input without its final line end."""
    return prompt if prompt != "-" else read_input().removesuffix("\n")


def read_text(path: str, what: str = "a UTF-8 text") -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, or is not `what` it should be.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path} as {what}: {error}.") from error


def read_messages(path: str) -> list[dict[str, str]]:
    """The messages of a chat in a JSON file; what each must hold is checked where the template is applied.

    Raises:
        InputError: it cannot be read, or holds no list.
    """
    try:
        found = parse_json(read_text(path, "a JSON file of messages"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}.") from error
    if not isinstance(found, list) or not found or not all(isinstance(message, dict) for message in found):
        raise InputError(f"Expected a list of messages in {path}: " + '[{"role": "user", "content": "text"}].')
    return found


def read_lines(path: str) -> list[str]:
    """The lines of a text file that are not empty.

    Raises:
        InputError: there is no such file, it is no text, or it has no lines.
    """
    lines = [line for line in read_text(path, "a UTF-8 text of one prompt a line").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty: expected at least one prompt, one a line.")
    return lines


def read_ids(text: str) -> list[int]:
    """Token ids with commas in between.

    Raises:
        InputError: they are none.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected token ids such as 1,2,3, with commas in between; found {text!r}.") from error


def spot(position: str) -> Any:
    """`last`, `all`, or an index as a number; what it must not be is for the command to say."""
    return int(position) if re.fullmatch(r"[+-]?\d+", position) else position
