"""`explain`, `lens`, `attention`, `generate`: one prediction, and how it came about."""

import sys
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.options import (
    AnswerOptions,
    ModelOptions,
    Options,
    PredictionOptions,
    SamplingOptions,
    SourceOptions,
    TargetOpt,
    swap_words,
)
from unembed.cli.output import HtmlOptions, Output, page_state, progress_bar
from unembed.cli.streams import say, tell
from unembed.errors import InputError

if TYPE_CHECKING:
    from unembed.methods.generate import Step
    from unembed.models.model import Model
    from unembed.runs.states import StreamLayer


@dataclass(frozen=True)
class AgainstOptions(Options):
    """Another set of weights that the prediction is compared with."""

    against: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Compare with these weights of the same architecture: why do the two answer differently?",
        ),
    ] = None
    against_adapter: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --against: an adapter that is merged into these weights.")
    ] = None
    against_edits: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="With --against: edits of these weights (repeatable).")
    ] = None

    def load(self, like: "Model", model: ModelOptions) -> "Model":
        """The other model, in the precision of the first and where it is."""
        assert self.against is not None
        dtype = str(like.dtype).removeprefix("torch.")
        how = {"adapter": self.against_adapter, "edits": self.against_edits, "dtype": dtype, "device": str(like.device)}
        return replace(model, name=self.against, **how).load()


@dataclass(frozen=True)
class ExplainOptions(AgainstOptions):
    """What of a prediction is explained: the keywords of `explain`."""

    by: Annotated[str, typer.Option(help="sublayer, head, source, neuron, or two of them: source+neuron.")] = "sublayer"
    top: Annotated[
        int, typer.Option(min=1, max=100, help="How many predictions, and parts by credit and by effect, to show.")
    ] = 5
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Zero every head and a sample of neurons, one by one.")
    ] = True
    swap: Annotated[
        Any,
        typer.Option(
            metavar="WORD=OTHER",
            parser=swap_words,
            help="Also take their values from the prompt with one word replaced.",
        ),
    ] = None
    swap_all: Annotated[bool, typer.Option("--swap-all", help="Replace the word of --swap everywhere.")] = False
    swap_nth: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Replace only the N-th of several, counted from 1.")
    ] = None
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Also pull cross-attention back to what the encoder read.")
    ] = False

    def __post_init__(self) -> None:
        if self.swap_all and self.swap_nth is not None:
            raise InputError("Expected --swap-all or --swap-nth, found both.")
        if self.swap is None and (self.swap_all or self.swap_nth is not None):
            raise InputError(
                "--swap-all and --swap-nth say where a word is replaced: give the words, --swap WORD=OTHER."
            )

    def check(self, whole: AnswerOptions, report: HtmlOptions) -> None:
        """Refuse what belongs to one set of weights.

        Raises:
            InputError: it was given beside `--against`, or options of `--against` without it.
        """
        if self.against is None and (self.against_adapter or self.against_edits):
            raise InputError("--against-adapter and --against-edits are of other weights: say which, --against MODEL.")
        given = {
            "--answer": whole.answer,
            "--swap": self.swap,
            "--inputs": self.inputs or None,
            "--by": None if self.by == "sublayer" else self.by,
            "--html": report.html,
        }
        wrong = [name for name, value in given.items() if value is not None]
        if self.against is not None and wrong:
            raise InputError(f"--against compares one prediction by sublayer: leave {', '.join(wrong)} out.")

    def words(self, *without: str) -> dict[str, Any]:
        """The options as keywords: the words of a swap with which of several is meant."""
        which = "all" if self.swap_all else self.swap_nth
        swap = self.swap if which is None else (*self.swap, which)
        return {
            **super().words("swap_all", "swap_nth", *(f.name for f in fields(AgainstOptions)), *without),
            "swap": swap,
        }


@app.command()
@takes
def explain(
    prediction: PredictionOptions,
    whole: AnswerOptions,
    options: ExplainOptions,
    source: SourceOptions,
    report: HtmlOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Explain a prediction, or a whole answer: a ledger that sums to the model's number, and what carries it."""
    options.check(whole, report)
    if options.against is not None:
        _compare_weights(options, prediction, source, model, out)
        return
    if whole.answer is not None:
        _refuse_of_predictions(whole, prediction, options)
        _explain_answer(whole, prediction, options, source, model, out, report)
        return
    from unembed.methods.explain import explain as run

    loaded, text = source.load(model)
    session = report.session(loaded)
    prompt = text if session is None else session.run(session.known(text), prediction.position)
    with progress_bar() as progress:
        result = run(loaded, prompt, **prediction.words(), **options.words(), progress=progress)
    payload = out.show(result)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import kept
        from unembed.view.payloads import payload_of, to_json

        place = None if prediction.position is None else result.readout.position
        about = {"target": prediction.target, "vs": prediction.versus, "reference": prediction.reference}
        state = page_state(loaded, text, **about, position=place)
        by_sublayer = replace(result, ledger=result.finest.coarser("sublayer"))  # whose rows the page opens
        return state, kept(session, state, progress, explained=to_json(payload_of(by_sublayer)))

    report.write(session, payload, keep)


def _compare_weights(
    other: AgainstOptions, prediction: PredictionOptions, source: SourceOptions, model: ModelOptions, out: Output
) -> None:
    """Compare with another set of weights."""
    from unembed.methods.compare_weights import compare_weights as run

    loaded, text = source.load(model)
    against = other.load(loaded, model)
    out.work(lambda progress: run(loaded, text, against, **prediction.words(), progress=progress))


def _refuse_of_predictions(whole: AnswerOptions, prediction: PredictionOptions, options: ExplainOptions) -> None:
    """Refuse what is of one prediction, and not of a whole answer."""
    whole.refuse(
        {
            "--target": prediction.target,
            "--vs": prediction.versus,
            "--position": prediction.position,
            "--swap": options.swap,
            "--inputs": options.inputs,
        }
    )


def _explain_answer(
    whole: AnswerOptions,
    prediction: PredictionOptions,
    options: ExplainOptions,
    source: SourceOptions,
    model: ModelOptions,
    out: Output,
    report: HtmlOptions,
) -> None:
    """Explain a whole answer."""
    from unembed.methods.explain_answer import explain_answer as run
    from unembed.view.payloads import payload_of
    from unembed.view.terminal.explain_answer import closing_lines, opening_lines

    loaded, text = source.load(model)
    with progress_bar() as progress:
        result = run(
            loaded,
            text,
            **whole.words(),
            reference=prediction.reference,
            by=options.by,
            top=options.top,
            test=options.test,
            first=lambda untested: out.write(opening_lines, untested),
            progress=progress,
        )
    payload = payload_of(result)
    if out.as_json:
        out.show(payload)
    out.write(closing_lines, payload)
    report.write_static(payload)


@dataclass(frozen=True)
class LensOptions(Options):
    """Which states are read: the keywords of `lens`."""

    target: TargetOpt = None
    layers: Annotated[
        list[str] | None,
        typer.Option("--layer", help="Only the stream after this layer, or emb for the embedding (repeatable)."),
    ] = None
    positions: Annotated[
        list[int] | None, typer.Option("--position", "-p", help="Only this position (repeatable).")
    ] = None
    top: Annotated[int, typer.Option(min=1, max=100, help="How many top tokens of each state to keep.")] = 5


@app.command()
@takes
def lens(options: LensOptions, report: HtmlOptions, source: SourceOptions, model: ModelOptions, out: Output) -> None:
    """The logit lens: what the stream would predict after each layer, at each position."""
    from unembed.methods.lens import lens as run

    loaded, text = source.load(model)
    session = report.session(loaded)
    shared = None if session is None else session.whole(session.known(text))
    words = {**options.words(), "layers": _layers(options.layers, loaded.layers)}
    with progress_bar() as progress:
        result = run(loaded, text if shared is None else shared, **words, progress=progress)
    payload = out.show(result)

    def keep(session: Any, progress: Any) -> Any:
        from unembed.explorer.report_asks import SHOWN_TOKENS, kept
        from unembed.view.payloads import to_json

        state = page_state(loaded, text, view="parts", target=options.target)
        same = options.target is not None and options == LensOptions(options.target, top=SHOWN_TOKENS)
        return state, kept(session, state, progress, lens=to_json(payload) if same else None, details=False)

    report.write(session, payload, keep)


@dataclass(frozen=True)
class AttentionOptions(Options):
    """Which heads are shown: the keywords of `attention`."""

    layer: Annotated[int | None, typer.Option(help="Only this layer.")] = None
    head: Annotated[int | None, typer.Option(help="Only this head; with --layer, its whole pattern.")] = None
    cross: Annotated[bool, typer.Option("--cross", help="Heads of cross-attention, which look at the source.")] = False
    encoder: Annotated[
        bool, typer.Option("--encoder", help="Heads of the encoder, within the source: the mean of all positions.")
    ] = False


@app.command()
@takes
def attention(
    options: AttentionOptions, prediction: PredictionOptions, source: SourceOptions, model: ModelOptions, out: Output
) -> None:
    """Where heads look, and how much each source token's value adds to the prediction through them."""
    from unembed.methods.attention import attention as run

    loaded, text = source.load(model)
    out.show(run(loaded, text, **prediction.words(), **options.words()))


@app.command()
@takes
def generate(
    *,
    sampling: SamplingOptions,
    explained: Annotated[
        bool, typer.Option("--explain", help="Tell where each token first led, and which term gave it most.")
    ] = False,
    source: SourceOptions,
    model: ModelOptions,
    out: Output,
) -> None:
    """Continue a prompt token by token."""
    from unembed.methods.generate import generate as run
    from unembed.models.generation_settings import settings_notes
    from unembed.models.prompts import tokenize
    from unembed.view.payloads.generation import generate_payload, generated_token
    from unembed.view.terminal.generation import generated_lines
    from unembed.view.terminal.paper import paper_for, show

    loaded, text = source.load(model)
    running, steps = run(loaded, text, **sampling.words()), []
    written = 0
    if not out.as_json:
        for edits in loaded.weight_edits:  # the text has no headline that would tell
            tell(f"an edit of the weights is on: {edits.description}")
    if not (out.as_json or explained) and isinstance(text, str):
        say(text, end="")
    for step in running:
        steps.append(step)
        if out.as_json:
            continue
        if explained:
            told, paper = [generated_token(step, explained=True)], paper_for(sys.stdout)
            show(generated_lines(told, paper, first=len(steps) == 1), sys.stdout)
        else:
            more = _decode(loaded, steps)[written:]
            say(more, end="")
            written += len(more)
    if out.as_json:
        out.show(generate_payload(loaded, tokenize(loaded, text), steps, explained=explained))
        return
    if not explained:
        say(_decode(loaded, steps, final=True)[written:])
    for note in settings_notes(loaded):
        tell(note)


def _decode(model: "Model", steps: "list[Step]", *, final: bool = False) -> str:
    """The generated text; a character whose last bytes are still to come is held back until `final`."""
    from unembed.models.prompts import continued

    text = continued(model, steps[0].run.tokens, [step.token for step in steps])
    return text if final else text.rstrip("\ufffd")


def _layers(layers: list[str] | None, count: int) -> "list[StreamLayer] | None":
    """The layers that are asked for: a block each, or `emb`."""
    if not layers:
        return None
    wrong = [layer for layer in layers if layer != "emb" and not (layer.isdecimal() and int(layer) < count)]
    if wrong:
        known = f"emb or 0 to {count - 1}" if count else "emb, as the model has no layers"
        raise InputError(f"Expected --layer to be {known}; found {wrong[0]!r}.")
    return ["emb" if layer == "emb" else int(layer) for layer in layers]
