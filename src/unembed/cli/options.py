"""Options that several commands share."""

from typing import Annotated

import typer

PromptArg = Annotated[str, typer.Argument(help="The prompt; - reads standard input.")]
ModelOpt = Annotated[
    str,
    typer.Option(
        "--model", "-m", help="smollm2-135m, a toy (toy/two-layer), a hub id, a Hugging Face folder, or a GGUF file."
    ),
]
DeviceOpt = Annotated[str | None, typer.Option(help="A torch device; the GPU by default, where there is one.")]
DtypeOpt = Annotated[str | None, typer.Option(help="float32, bfloat16, float16, float64; that of the file by default.")]
OfflineOpt = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
JsonOpt = Annotated[bool, typer.Option("--json", help="Print versioned JSON (schemas ship with the package).")]
TargetOpt = Annotated[
    str | None, typer.Option("--target", "-t", help="The token to explain; the top prediction by default.")
]
VersusOpt = Annotated[str | None, typer.Option("--vs", help="Explain the difference to this token's logit.")]
ReferenceOpt = Annotated[str, typer.Option(help="mean: above the vocabulary mean; raw: the plain logit.")]
PositionOpt = Annotated[
    int, typer.Option("--position", "-p", help="Where the prediction is made; -1 is the last token.")
]
MemoryOpt = Annotated[
    str | None,
    typer.Option(help="Memory for the work beyond the model: 500MB, 2GiB, or bytes; a quarter of what is free."),
]
EditsOpt = Annotated[
    list[str] | None,
    typer.Option("--edits", help="A file of weight edits that are applied for this command (repeatable)."),
]
