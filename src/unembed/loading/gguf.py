"""dequantise: a GGUF file as a Hugging Face folder of float32 safetensors, by transformers, checked on both sides.

Every number of the file must become a parameter, every parameter must come from the file, and what was written must
read back bit for bit.
"""

import contextlib
import errno
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from unembed.errors import ModelError
from unembed.loading.cache import no_room, unwritable
from unembed.loading.gguf_metadata import FACTORS, apply_metadata
from unembed.loading.gguf_tokenizer import tokenizer_as_told
from unembed.loading.library_bars import bar, quiet, swapped
from unembed.models.pretrained import from_folder
from unembed.progress import Progress

if TYPE_CHECKING:
    from gguf import GGUFReader
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TOKENIZER_ROOM = 64 << 20
# What transformers raises on a file whose bytes make no sense.
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
_COUNTS = (
    "block_count",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "context_length",
    "vocab_size",
)
"""Keys of an architecture that no model has as 0."""


def check_magic(file: Path) -> None:
    """Refuse a file that does not begin as GGUF does. Raises `ModelError`."""
    with file.open("rb") as stream:
        found = stream.read(4)
    if found != b"GGUF":
        raise ModelError(
            f"{file} is not a GGUF file: it should begin with b'GGUF', but it begins with {found!r}. "
            "Give a .gguf file, or the folder that holds config.json and *.safetensors."
        )


class _Loaded(NamedTuple):
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def dequantise(source: Path, folder: Path, progress: Progress) -> str:
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
        reader.fields.pop("general.name", None)  # from "mistral", transformers takes the model for another kind
        _check_counts(reader)
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise ModelError(
            f"{source} is truncated or damaged: it begins as a GGUF file, but its "
            f"{source.stat().st_size:,} bytes do not hold what it announces ({_reason(error)}). "
            "Download it again."
        ) from error
    return reader


def _check_counts(reader: "GGUFReader") -> None:
    """Refuse sizes that the tensors cannot fill: transformers would build all of that before it looks at them."""
    said = {key.partition(".")[2]: field.contents() for key, field in reader.fields.items()}
    counts = {
        key: [int(n) for n in (said[key] if isinstance(said[key], list) else [said[key]])]
        for key in _COUNTS
        if key in said
    }
    for key, found in counts.items():
        if min(found, default=0) < 1:
            raise ValueError(f"{key} is {min(found, default=0)}")
    layers, width = (max(counts.get(key, [1])) for key in ("block_count", "embedding_length"))
    if layers > len(reader.tensors):
        raise ValueError(f"by its block_count {layers:,} layers, {len(reader.tensors):,} tensors")
    for key in ("attention.head_count", "attention.head_count_kv"):
        if max(counts.get(key, [1])) > width:
            raise ValueError(f"{key} is {max(counts[key]):,}, of an embedding_length of {width:,}")
    numbers = _numbers(reader)
    for key, times in (("embedding_length", 1), ("vocab_size", width), ("feed_forward_length", layers * width)):
        if max(counts.get(key, [0])) * times > numbers:
            raise ValueError(f"{key} is {max(counts[key]):,}, but all tensors together are {numbers:,} numbers")


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
        raise no_room(folder, f"it needs {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free")


def _numbers(reader: "GGUFReader") -> int:
    """How many become parameters: all but those that are values of the configuration."""
    return sum(int(tensor.n_elements) for tensor in reader.tensors if tensor.name not in FACTORS)


def _load(source: Path, reader: "GGUFReader", progress: Progress) -> _Loaded:
    stage = "Dequantising tensors"
    progress(stage, 0.0)
    with quiet(), _sharing(reader), _reporting(stage, progress):
        model, report = _load_model(source, reader)
        _check_complete(source, reader, model, report)
        return _Loaded(model, _load_tokenizer(source, reader))


def _load_model(source: Path, reader: "GGUFReader") -> tuple["PreTrainedModel", dict[str, Any]]:
    import torch
    from huggingface_hub.errors import StrictDataclassError

    told = {"output_loading_info": True, "ignore_mismatched_sizes": True}  # ignored here, refused just after
    fields = {key: field.contents() for key, field in reader.fields.items()}
    factors = {tensor.name: tensor.data.tolist() for tensor in reader.tensors if tensor.name in FACTORS}
    queries = (int(tensor.shape[-1]) for tensor in reader.tensors if tensor.name == "blk.0.attn_q.weight")
    try:
        config = from_folder("AutoConfig", source.parent, gguf_file=source.name)
        apply_metadata(source, fields, next(queries, None), factors, config)
        options: dict[str, Any] = {"gguf_file": source.name, "config": config, "dtype": torch.float32, **told}
        return from_folder("AutoModelForCausalLM", source.parent, **options)
    except ModelError:
        raise
    except (*_NONSENSE, OSError, StrictDataclassError) as error:
        raise _unreadable(source, "model", error) from error


def _load_tokenizer(source: Path, reader: "GGUFReader") -> "PreTrainedTokenizerBase":
    said = {key: field.contents() for key, field in reader.fields.items() if key.startswith("tokenizer.")}
    try:
        return tokenizer_as_told(source, said)
    except ModelError:
        raise
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
        raise unwritable(folder, OSError(_errno(error), str(error))) from error


def _errno(error: Exception) -> int:
    return errno.ENOSPC if f"os error {errno.ENOSPC}" in str(error) else errno.EIO


def _verify(model: "PreTrainedModel", folder: Path, progress: Progress) -> None:
    """What comes back from the disk is, bit for bit, what was written, and every number is finite."""
    import torch

    progress("Verifying the converted model", 0.0)
    try:
        with quiet():
            again = from_folder("AutoModelForCausalLM", folder, dtype=torch.float32).state_dict()
    except RuntimeError as error:  # before 5.23, transformers reports a wrong shape only when it reads the folder
        raise ModelError(
            "The GGUF file is damaged: its tensors are not in their shape by what it says of itself. Download it again."
        ) from error
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


def _sharing(reader: "GGUFReader") -> contextlib.AbstractContextManager[None]:
    """transformers parses the file three times, seconds each; here it gets the one already parsed."""
    return swapped("gguf", "GGUFReader", lambda *_: reader)


def _reporting(stage: str, progress: Progress) -> contextlib.AbstractContextManager[None]:
    """transformers counts dequantised tensors on a bar; here the count goes to `progress`."""
    return swapped("transformers.modeling_gguf_pytorch_utils", "tqdm", bar(progress, stage, "it"))
