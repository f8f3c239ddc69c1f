"""`unembed models` and `unembed doctor` in the terminal."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from unembed.view.payloads.machine import DoctorPayload, ModelEntry, ModelsPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell


@lines_of.register
def models_lines(payload: ModelsPayload, paper: Paper) -> Iterator[Text]:
    """A line a model: what is here and what would be fetched."""
    longest = max((cell_len(entry.name) for entry in payload.models), default=0) + 2
    name = max(34, longest) if paper.width >= 94 else 0  # else on a line of its own
    state = 34 if name else max(14, paper.width - 28)
    yield Text(f"  {cell('model', name) if name else '  '}{cell('state', state)}{cell('size', 10)}licence", FAINT)
    for entry in payload.models:
        if not name:
            yield Text(f"  {entry.name}")
        facts = f"{cell(entry.state, state - 1)} {cell(_size(entry.bytes), 10)}{entry.licence}"
        yield Text(f"  {cell(entry.name, name) if name else '  '}{facts}")
        if entry.fetch:
            yield Text(f"    to fetch it: {entry.fetch}", FAINT)
    yield Text("  --model also takes a hub id, a Hugging Face folder or a GGUF file", FAINT)


@lines_of.register
def doctor_lines(payload: DoctorPayload, paper: Paper) -> Iterator[Text]:
    """What this machine has, and what is wrong with it."""
    facts = {
        "versions": ", ".join(f"{name} {version}" for name, version in payload.versions.items()),
        "devices": ", ".join(payload.devices) + f"; {payload.threads} torch threads",
        "cache": f"{payload.cache} ({_size(payload.cache_bytes)}; {_size(payload.free_bytes)} free)",
        "families": ", ".join(payload.families),
        "models": "; ".join(_model(entry) for entry in payload.models),
    }
    for name, text in facts.items():
        yield Text(f"  {cell(name, 10)}", FAINT).append(text)
    for problem in payload.problems:
        yield Text(f"  problem   {problem}", STRONG)
    if not payload.problems:
        yield Text("  no problems found", STRONG)


def _model(entry: ModelEntry) -> str:
    return f"{entry.name}: {entry.state}"


def _size(count: int | None) -> str:
    """Bytes for reading."""
    if count is None:
        return ""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
