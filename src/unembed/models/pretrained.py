"""from_folder: what `transformers` makes of a folder, without running anything the folder brings.

Every `from_pretrained` on a folder that somebody gave goes through here. Code of the folder is never run, and the
library cannot ask for it: it would ask on standard input, which belongs to the prompt.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unembed.errors import ModelError

_PART = {
    "AutoConfig": "configuration",
    "AutoTokenizer": "tokenizer",
    "AutoProcessor": "processor",
    "AutoFeatureExtractor": "feature extractor",
}


def from_folder(kind: str, folder: Path, **options: Any) -> Any:
    """`transformers.<kind>.from_pretrained(folder, **options)`: from the files of this folder only, and no code of it.

    Raises:
        ModelError: it cannot be made without code of the folder.
    """
    import transformers

    options = {"local_files_only": True, "trust_remote_code": False} | options
    try:
        with no_input():
            return getattr(transformers, kind).from_pretrained(folder, **options)
    except (ValueError, OSError, ImportError) as error:
        if "trust_remote_code" not in str(error):
            raise
        raise ModelError(
            f"{folder} names Python code of its own (auto_map), without which transformers cannot make its "
            f"{_PART.get(kind, 'model')}. Code of a folder is never run here.\n"
            "Give a model whose classes transformers brings itself (docs/families.md); where there is one, remove "
            "auto_map from the folder's .json files to use the class of that name in transformers."
        ) from error


@contextlib.contextmanager
def no_input() -> Iterator[None]:
    """Standard input is empty for a while, so that no library reads the prompt as an answer to its question."""
    before = sys.stdin
    sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdin = before
