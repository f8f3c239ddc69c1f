"""`explain`, `lens`, `attention`, `generate`: one prediction, and how it came about."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.options import (
    DeviceOpt,
    DtypeOpt,
    EditsOpt,
    JsonOpt,
    ModelOpt,
    OfflineOpt,
    PositionOpt,
    ReferenceOpt,
    TargetOpt,
    VersusOpt,
)
from unembed.cli.reports import HtmlOpt, check_report, state_of, write_report
from unembed.cli.shared import dump, load_model, print_result, progress_bar
from unembed.cli.sources import AudioOpt, DecoderIdsOpt, DecoderPromptOpt, ImageOpt, PromptOrSourceArg, SourceWords
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.generate import Step
    from unembed.models.model import Model
    from unembed.runs.states import StreamLayer


def explain(
    prompt: PromptOrSourceArg = None,
    target: TargetOpt = None,
    versus: VersusOpt = None,
    reference: ReferenceOpt = "mean",
    position: PositionOpt = -1,
    by: Annotated[
        str, typer.Option(help="sublayer, head, source, neuron, or two of them: source+neuron.")
    ] = "sublayer",
    top: Annotated[int, typer.Option(min=1, max=100, help="How many predictions, heads and neurons to show.")] = 5,
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Zero the heads and neurons shown, and as a control others.")
    ] = True,
    swap: Annotated[
        str | None,
        typer.Option(metavar="WORD=OTHER", help="Also take their values from the prompt with one word replaced."),
    ] = None,
    audio: AudioOpt = None,
    image: ImageOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    decoder_ids: DecoderIdsOpt = None,
    inputs: Annotated[
        bool,
        typer.Option("--inputs", help="Also pull cross-attention back to what the encoder read."),
    ] = False,
    html: HtmlOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Explain a prediction: a ledger that sums to the model's logit, and the heads and neurons that carry it."""
    from unembed.methods.explain import explain as run
    from unembed.view.payloads import explain_payload
    from unembed.view.terminal import explain_lines

    words = _words(swap)
    source = SourceWords(prompt, audio, image, decoder_prompt, decoder_ids)
    check_report(html)
    loaded, text = source.read(load_model(model, device, dtype, offline, edits, sources=True))
    result = run(
        loaded,
        text,
        target,
        versus=versus,
        reference=reference,
        position=position,
        by=by,
        top=top,
        test=test,
        swap=words,
        inputs=inputs,
    )
    payload = explain_payload(result)
    print_result(payload, explain_lines, as_json)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept

        place = None if result.readout.position == len(result.run.tokens) - 1 else result.readout.position
        state = state_of(loaded, text, target=target, vs=versus, reference=reference, position=place)
        return state, kept(session, state, progress)

    write_report(html, loaded, payload, keep)


def lens(
    prompt: PromptOrSourceArg = None,
    target: TargetOpt = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="Only the stream after this layer, or emb for the embedding (repeatable).")
    ] = None,
    position: Annotated[
        list[int] | None, typer.Option("--position", "-p", help="Only this position (repeatable).")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many top tokens of each state to keep.")] = 5,
    html: HtmlOpt = None,
    audio: AudioOpt = None,
    image: ImageOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    decoder_ids: DecoderIdsOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """The logit lens: what the stream would predict after each layer, at each position."""
    from unembed.methods.lens import lens as run
    from unembed.view.payloads import lens_payload
    from unembed.view.terminal import lens_lines

    source = SourceWords(prompt, audio, image, decoder_prompt, decoder_ids)
    check_report(html)
    loaded, text = source.read(load_model(model, device, dtype, offline, edits, sources=True))
    with progress_bar() as progress:
        result = run(
            loaded, text, target, layers=_layers(layer, loaded.layers), positions=position, top=top, progress=progress
        )
    payload = lens_payload(result)
    print_result(payload, lens_lines, as_json)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept

        state = state_of(loaded, text, target=target)
        return state, kept(session, state, progress, details=False)

    write_report(html, loaded, payload, keep)


def attention(
    prompt: PromptOrSourceArg = None,
    layer: Annotated[int | None, typer.Option(help="Only this layer.")] = None,
    head: Annotated[int | None, typer.Option(help="Only this head; with --layer, its whole pattern.")] = None,
    cross: Annotated[bool, typer.Option("--cross", help="Heads of cross-attention, which look at the source.")] = False,
    target: TargetOpt = None,
    versus: VersusOpt = None,
    reference: ReferenceOpt = "mean",
    position: PositionOpt = -1,
    audio: AudioOpt = None,
    image: ImageOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    decoder_ids: DecoderIdsOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Where heads look, and how much each source token's value adds to the prediction through them."""
    from unembed.methods.attention import attention as run
    from unembed.view.payloads import attention_payload
    from unembed.view.terminal import attention_lines

    source = SourceWords(prompt, audio, image, decoder_prompt, decoder_ids)
    loaded, text = source.read(load_model(model, device, dtype, offline, edits, sources=True))
    result = run(
        loaded,
        text,
        target,
        layer=layer,
        head=head,
        cross=cross,
        position=position,
        reference=reference,
        versus=versus,
    )
    print_result(attention_payload(result), attention_lines, as_json)


def generate(
    prompt: PromptOrSourceArg = None,
    tokens: Annotated[int, typer.Option("--tokens", "-n", min=1, help="How many tokens to emit at most.")] = 20,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the top prediction.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the sampling.")] = 0,
    explained: Annotated[
        bool, typer.Option("--explain", help="Tell where each token first led, and which term gave it most.")
    ] = False,
    audio: AudioOpt = None,
    image: ImageOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    decoder_ids: DecoderIdsOpt = None,
    edits: EditsOpt = None,
    model: ModelOpt = "smollm2-135m",
    device: DeviceOpt = None,
    dtype: DtypeOpt = None,
    offline: OfflineOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """Continue a prompt token by token."""
    from unembed.methods.generate import generate as run
    from unembed.models.prompts import tokenize
    from unembed.view.payloads import generate_payload, generated_token
    from unembed.view.terminal import generated_lines, show

    source = SourceWords(prompt, audio, image, decoder_prompt, decoder_ids)
    loaded, text = source.read(load_model(model, device, dtype, offline, edits, sources=True))
    running, steps = run(loaded, text, tokens=tokens, temperature=temperature, seed=seed), []
    written = 0
    if not (as_json or explained) and isinstance(text, str):
        typer.echo(text, nl=False)
    for step in running:
        steps.append(step)
        if as_json:
            continue
        if explained:
            show(generated_lines([generated_token(step, explained=True)], first=len(steps) == 1), sys.stdout)
        else:
            written += _write(_decode(loaded, steps)[written:])
    if as_json:
        dump(generate_payload(loaded, tokenize(loaded, text), steps, explained=explained))
    elif not explained:
        typer.echo(_decode(loaded, steps, final=True)[written:])


def _words(swap: str | None) -> tuple[str, str] | None:
    """The two words of `--swap`."""
    if swap is None:
        return None
    old, equals, new = swap.partition("=")
    if not equals:
        raise InputError(f"Expected --swap to be WORD=OTHER, such as France=Germany; found {swap!r}.")
    return old, new


def _decode(model: "Model", steps: "list[Step]", *, final: bool = False) -> str:
    """The generated text; a character whose last bytes are still to come is held back until `final`."""
    ids = [step.token for step in steps]
    text = " ".join(map(str, ids)) if model.tokenizer is None else str(model.tokenizer.decode(ids))
    return text if final else text.rstrip("\ufffd")


def _write(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return len(text)


def _layers(layers: list[str] | None, count: int) -> "list[StreamLayer] | None":
    """The layers that are asked for: a block each, or `emb`."""
    if not layers:
        return None
    wrong = [layer for layer in layers if layer != "emb" and not (layer.isdecimal() and int(layer) < count)]
    if wrong:
        known = f"emb or 0 to {count - 1}" if count else "emb, as the model has no layers"
        raise InputError(f"Expected --layer to be {known}; found {wrong[0]!r}.")
    return ["emb" if layer == "emb" else int(layer) for layer in layers]
