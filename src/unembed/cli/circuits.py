"""`paths`, `attended`, `circuit`, `composition`, `bigrams`: circuits of heads, in a run and in the weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unembed.cli.options import (
    DeviceOpt,
    DtypeOpt,
    EditsOpt,
    JsonOpt,
    ModelOpt,
    OfflineOpt,
    PositionOpt,
    PromptArg,
    ReferenceOpt,
    TargetOpt,
    VersusOpt,
)
from unembed.cli.shared import load_model, print_result, progress_bar, read_prompt, read_text
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.circuits.composition import Composition, Kind, Pair
    from unembed.models.model import Model

LayerOpt = Annotated[int, typer.Option(help="The layer of the head.")]
HeadOpt = Annotated[int, typer.Option(help="The head.")]


def paths(
    prompt: PromptArg,
    target: TargetOpt = None,
    versus: VersusOpt = None,
    reference: ReferenceOpt = "mean",
    position: PositionOpt = -1,
    top: Annotated[int, typer.Option(min=1, help="How many paths to show; --json has all.")] = 12,
    smallest: Annotated[float, typer.Option(help="Leave out paths below this share of the logit.")] = 1e-3,
    opened: Annotated[int, typer.Option("--open", min=0, help="How many heads are opened at most.")] = 2000,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Expand a prediction into paths through heads, the largest first; all of them sum to the model's logit."""
    from unembed.methods.circuits.paths import expand_paths
    from unembed.view.payloads.circuits import paths_payload
    from unembed.view.terminal.circuits import paths_lines

    text = read_prompt(prompt)
    loaded = load_model(model, device, dtype, offline, edits)
    with progress_bar() as progress:
        result = expand_paths(
            loaded,
            text,
            target,
            position=position,
            reference=reference,
            versus=versus,
            smallest=smallest,
            open_at_most=opened,
            progress=progress,
        )
    print_result(paths_payload(result), lambda payload, paper: paths_lines(payload, paper, top=top), as_json)


def attended(
    prompt: PromptArg,
    layer: LayerOpt,
    head: HeadOpt,
    position: Annotated[int, typer.Option("--position", "-p", help="The token that attends; -1 is the last.")] = -1,
    source: Annotated[int | None, typer.Option(help="The token attended to; the most attended by default.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many pairs to show; --json has all.")] = 10,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Why a head attended from one token to another: pairs of parts that sum to its score."""
    from unembed.methods.circuits.attention_score import attention_score
    from unembed.view.payloads.circuits import attended_payload
    from unembed.view.terminal.circuits import attended_lines

    text = read_prompt(prompt)
    loaded = load_model(model, device, dtype, offline, edits)
    result = attention_score(loaded, text, layer, head, destination=position, source=source)
    print_result(attended_payload(result), lambda payload, paper: attended_lines(payload, paper, top=top), as_json)


def circuit(
    layer: LayerOpt,
    head: HeadOpt,
    token: Annotated[str | None, typer.Option(help="Tell what the head does with this one token.")] = None,
    skip_trigrams: Annotated[bool, typer.Option("--skip-trigrams", help="List the strongest skip-trigrams.")] = False,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """What a head copies, promotes and looks for, read from its weights alone."""
    from unembed.methods.circuits.head_circuits import head_circuits
    from unembed.view.payloads.circuits import circuit_payload
    from unembed.view.terminal.circuits import circuit_lines

    loaded = load_model(model, device, dtype, offline, edits)
    one = None if token is None else one_token(loaded, token)
    result = head_circuits(loaded, layer, head, token=one, trigrams=skip_trigrams)
    print_result(circuit_payload(result), circuit_lines, as_json)


def composition(
    kind: Annotated[str | None, typer.Option(help="query, key or value; all by default.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many pairs to show.")] = 20,
    layer: Annotated[int | None, typer.Option(help="Only pairs with a head of this layer.")] = None,
    head: Annotated[int | None, typer.Option(help="With --layer, only pairs with this head.")] = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Which heads read what other heads write, from the weights: Q-, K- and V-composition."""
    from unembed.methods.circuits.composition import composition_scores as run
    from unembed.view.payloads.circuits import composition_payload
    from unembed.view.terminal.circuits import composition_lines

    chosen = _kind(kind)
    if head is not None and layer is None:
        raise InputError("--head needs --layer: a head is one of a layer.")
    loaded = load_model(model, device, dtype, offline, edits)
    place = _place(loaded, layer, head)
    with progress_bar() as progress:
        result = run(loaded, progress=progress)
    pairs = _with(result, chosen, place)[:top]
    print_result(composition_payload(result, pairs, chosen), composition_lines, as_json)


def bigrams(
    token: Annotated[str | None, typer.Argument(help="One token.")] = None,
    text: Annotated[Path | None, typer.Option(help="A text file to compare the direct path with.")] = None,
    generate: Annotated[int, typer.Option(min=0, help="Continue the token by so many tokens.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sampling.")] = 0,
    top: Annotated[int, typer.Option(min=1, help="How many tokens to show.")] = 10,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """What follows a token by embedding and unembedding alone: the zero-layer model inside."""
    from unembed.methods.circuits import direct_path
    from unembed.view.payloads.circuits import bigrams_payload
    from unembed.view.terminal.circuits import bigrams_lines

    if token is None and (text is None or generate):
        raise InputError("Expected a token, or --text FILE; --generate needs a token.")
    words = None if text is None else read_text(text)
    loaded = load_model(model, device, dtype, offline, edits)
    one = None if token is None else one_token(loaded, token)
    follows = [] if one is None else direct_path.follows(loaded, one, top=top)
    with progress_bar() as progress:
        made = [] if one is None else direct_path.continued(loaded, [one], generate, seed=seed, progress=progress)
        found = None if words is None else direct_path.agreement_with(loaded, words, progress=progress)
    print_result(bigrams_payload(loaded, one, follows, made, found), bigrams_lines, as_json)


def one_token(model: "Model", text: str) -> int:
    """The id of a text that is one token.

    Raises:
        InputError: it is none, several, or not in the vocabulary.
    """
    from unembed.models.prompts import target_tokens
    from unembed.view.payloads import text_of

    ids = target_tokens(model, text)
    if len(ids) != 1:
        parts = ", ".join(repr(text_of(model, token)) for token in ids)
        raise InputError(f"Expected one token, and {text!r} is {len(ids)}: {parts}.")
    return ids[0]


def _kind(kind: str | None) -> "Kind | None":
    if kind not in (None, "query", "key", "value"):
        raise InputError(f"Expected --kind to be query, key or value, found {kind!r}.")
    return kind  # type: ignore[return-value]


def _place(model: "Model", layer: int | None, head: int | None) -> tuple[int | None, int | None]:
    from unembed.methods.circuits.head_circuits import check_head

    if layer is None:
        return None, None
    found = check_head(model, layer, head or 0)
    return found[0], None if head is None else found[1]


def _with(result: "Composition", kind: "Kind | None", place: tuple[int | None, int | None]) -> "list[Pair]":
    """The pairs with a head at a place, the highest score first."""
    layer, head = place
    pairs = result.top(result.scores["key"].size * 3, kind)
    if layer is None:
        return pairs
    return [p for p in pairs if any(a == layer and head in (None, b) for a, b in (p.first, p.second))]
