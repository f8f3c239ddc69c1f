"""`paths`, `attended`, `circuit head`, `composition`, `bigrams`: circuits of heads, in a run and in the weights."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.commands.edges import circuit_app
from unembed.cli.inputs import read_text
from unembed.cli.options import (
    HeadOptions,
    ModelOptions,
    PredictionOptions,
    PromptOptions,
    SourceOptions,
    TopOpt,
    file_option,
    seed_option,
)
from unembed.cli.output import Output, progress_bar
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.circuits.composition import Composition, Kind, Pair
    from unembed.models.model import Model


@app.command()
@takes
def paths(
    *,
    prompt: SourceOptions,
    prediction: PredictionOptions,
    top: TopOpt = 12,
    smallest: Annotated[float, typer.Option(help="Leave out paths below this share of the logit.")] = 1e-3,
    open_at_most: Annotated[int, typer.Option("--open", min=0, help="How many heads are opened at most.")] = 2000,
    model: ModelOptions,
    out: Output,
) -> None:
    """Expand a prediction into paths through heads, the largest first; all of them sum to the model's logit."""
    from unembed.methods.circuits.paths import expand_paths

    words: Any = {**prediction.words(), "smallest": smallest, "open_at_most": open_at_most}
    loaded, text = prompt.load(model)
    out.work(lambda progress: expand_paths(loaded, text, **words, progress=progress), top=top)


@app.command()
@takes
def attended(
    *,
    prompt: PromptOptions,
    place: HeadOptions,
    position: Annotated[
        int | None, typer.Option("--position", "-p", help="The token that attends: the last, or the blank, by default.")
    ] = None,
    source: Annotated[int | None, typer.Option(help="The token attended to; the most attended by default.")] = None,
    top: TopOpt = 10,
    model: ModelOptions,
    out: Output,
) -> None:
    """Why a head attended from one token to another: pairs of parts that sum to its score."""
    from unembed.methods.circuits.attention_score import attention_score

    found = attention_score(*prompt.load(model), **place.words(), destination=position, source=source)
    out.show(found, top=top)


@circuit_app.command("head")
@takes
def head_circuit(
    *,
    place: HeadOptions,
    token: Annotated[str | None, typer.Option(help="Tell what the head does with this one token.")] = None,
    skip_trigrams: Annotated[bool, typer.Option("--skip-trigrams", help="List the strongest skip-trigrams.")] = False,
    model: ModelOptions,
    out: Output,
) -> None:
    """What a head copies, promotes and looks for, read from its weights alone."""
    from unembed.methods.circuits.head_circuits import head_circuits

    loaded = model.load()
    one = None if token is None else _one_token(loaded, token)
    out.show(head_circuits(loaded, **place.words(), token=one, trigrams=skip_trigrams))


@app.command()
@takes
def composition(
    *,
    kind: Annotated[str | None, typer.Option(help="query, key or value; all by default.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many pairs to show.")] = 20,
    layer: Annotated[int | None, typer.Option(help="Only pairs with a head of this layer.")] = None,
    head: Annotated[int | None, typer.Option(help="With --layer, only pairs with this head.")] = None,
    model: ModelOptions,
    out: Output,
) -> None:
    """Which heads read what other heads write, from the weights: Q-, K- and V-composition."""
    from unembed.methods.circuits.composition import composition_scores
    from unembed.view.payloads.circuits import composition_payload

    chosen = _kind(kind)
    if head is not None and layer is None:
        raise InputError("--head needs --layer: a head is one of a layer.")
    loaded = model.load()
    place = _place(loaded, layer, head)
    out.work(
        lambda progress: composition_scores(loaded, progress=progress),
        lambda result: composition_payload(result, _with(result, chosen, place)[:top], chosen),
    )


@app.command()
@takes
def bigrams(
    *,
    token: Annotated[str | None, typer.Argument(help="One token.")] = None,
    text: Annotated[Any, file_option("A text file to compare the direct path with.", read_text)] = None,
    generate: Annotated[int, typer.Option(min=0, help="Continue the token by so many tokens.")] = 0,
    seed: Annotated[int, seed_option("the sampling")] = 0,
    top: Annotated[int, typer.Option(min=1, help="How many tokens to show.")] = 10,
    model: ModelOptions,
    out: Output,
) -> None:
    """What follows a token by embedding and unembedding alone: the zero-layer model inside."""
    from unembed.methods.circuits import direct_path
    from unembed.models.refusals import next_token_only
    from unembed.view.payloads.circuits import bigrams_payload

    if token is None and (text is None or generate):
        raise InputError("Expected a token, or --text FILE; --generate needs a token.")
    loaded = model.load()
    next_token_only(loaded, "The direct path")  # before a token is read, which a blank would take otherwise
    one = None if token is None else _one_token(loaded, token)
    follows = [] if one is None else direct_path.follows(loaded, one, top=top)
    with progress_bar() as progress:
        made = [] if one is None else direct_path.continued(loaded, [one], generate, seed=seed, progress=progress)
        found = None if text is None else direct_path.agreement_with(loaded, text, progress=progress)
    out.show(bigrams_payload(loaded, one, follows, made, found))


def _one_token(model: "Model", text: str) -> int:
    """The id of a text that is one token.

    Raises:
        InputError: it is none, several, or not in the vocabulary.
    """
    from unembed.models.targets import target_tokens
    from unembed.view.payloads.common import text_of

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
