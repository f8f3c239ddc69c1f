"""Models downloaded from the Hugging Face hub, and what is said when that fails."""

import errno
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading.catalogue import HUB_FILES, HUB_TEMPLATES, unknown
from unembed.loading.folders import checked
from unembed.loading.library_bars import bar, quiet
from unembed.progress import Progress


def download(name: str, offline: bool, progress: Progress) -> Path:
    """The folder of a model on the hub, downloaded now; `ModelError` says why it cannot be had."""
    if offline:
        raise ModelError(unknown(name, "it is not in the Hugging Face cache, and offline the hub is not asked"))
    from huggingface_hub import errors, snapshot_download

    report = bar(progress, f"Downloading {name}", "B")
    try:
        with quiet():
            folder = snapshot_download(name, allow_patterns=HUB_FILES, ignore_patterns="*/*", tqdm_class=report)
            snapshot_download(name, revision=Path(folder).name, allow_patterns=HUB_TEMPLATES)
    except errors.HFValidationError as error:
        raise ModelError(unknown(name, "it is not the form of a hub id, which is owner/name")) from error
    except errors.GatedRepoError as error:
        raise ModelError(
            f"The hub keeps {name} behind its licence: accept it at https://huggingface.co/{name}, "
            "then log in with `hf auth login`."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(unknown(name, "the Hugging Face hub has no such model, or it is private")) from error
    except (errors.HTTPError, OSError, RuntimeError) as error:  # pyright: ignore[reportPrivateImportUsage]
        raise _unreachable(name, error) from error
    return checked(Path(folder))


def _unreachable(name: str, error: Exception) -> ModelError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(f"No space left to download {name}. Free some, or set HF_HOME to a folder on another disk.")
    cause = str(error.__cause__ or error).strip().splitlines()
    return ModelError(
        unknown(name, f"the Hugging Face hub could not be reached ({cause[0] if cause else 'no reason'})")
    )
