"""`open`: the page, served on this machine."""

import contextlib
import importlib.util
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unembed.cli.app import app, takes
from unembed.cli.inputs import read_prompt
from unembed.cli.options import AudioOpt, DecoderPromptOpt, ModelOptions, refuse_of_decoder
from unembed.cli.streams import tell
from unembed.errors import InputError, UnembedError

if TYPE_CHECKING:
    from unembed.models.model import Model

PORT = 8731
"""Where the page is by default, so that its links stay good; any free port where this one is taken."""


@dataclass(frozen=True)
class ServeOptions:
    """Where the page is served, and to whom."""

    host: Annotated[str, typer.Option(help="Where to listen; beyond this machine a token is needed.")] = "127.0.0.1"
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=f"{PORT} by default; 0 takes a free one.")] = None
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False
    token: Annotated[
        str | None,
        typer.Option(help="A secret every request must carry; made up beyond this machine."),
    ] = None

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise InputError("Expected --token to be a text that is hard to guess, found an empty one.")


@app.command("serve", hidden=True)
@app.command("open")
@takes
def open_page(
    *,
    prompt: Annotated[
        str,
        typer.Argument(
            parser=read_prompt,
            help="What the page starts with (of an encoder-decoder: its source); - reads standard input. The folder of "
            "a study: its prompts, each to be opened.",
        ),
    ] = "",
    audio: AudioOpt = None,
    decoder_prompt: DecoderPromptOpt = None,
    served: ServeOptions,
    model: ModelOptions,
) -> None:
    """Open the page: a prompt explained, tested and compared in the browser. Ctrl-C ends it."""
    _check_extra()
    import uvicorn

    from unembed.explorer import http
    from unembed.explorer.guard import is_loopback
    from unembed.explorer.patience import PatientProtocol

    listening, token = _listen(served.host, served.port), served.token
    if token is None and not is_loopback(served.host):
        import secrets

        token = secrets.token_urlsafe(24)
    study = study_in(prompt)
    if study is None:
        loaded = model.load(sources=True)
        application = http.app(*start(loaded, prompt, audio, decoder_prompt), token=token)
    else:
        application = http.app(model_of(study, model), token=token, study=study.payload)
    _announce(_address(served.host, listening.getsockname()[1], token), browser=not served.no_browser)
    config = uvicorn.Config(application, http=PatientProtocol, log_level="warning", timeout_graceful_shutdown=1)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        tell("closed")


@dataclass(frozen=True)
class OpenedStudy:
    """A study that the page is opened with."""

    manifest: dict[str, Any]
    payload: dict[str, Any]
    """`unembed/report/1`."""


def study_in(words: str) -> OpenedStudy | None:
    """The study in a folder; None of what is a prompt.

    Raises:
        InputError: a part that cannot be read, or no prompt that was answered.
    """
    from unembed.methods.studies.manifest import NAME, read_manifest

    folder = Path(words).expanduser()
    try:
        if not words or not (folder / NAME).is_file():
            return None
    except (OSError, ValueError):  # a prompt that is too long for a name, or holds a null
        return None
    from unembed.methods.studies.summary import summarise
    from unembed.view.payloads import payload_of, to_json

    return OpenedStudy(read_manifest(folder), to_json(payload_of(summarise(folder))))


def model_of(study: OpenedStudy, options: ModelOptions) -> "Model":
    """The model of a study: by the name that it had there, or by the one that is given; another one is told."""
    from unembed.loading.fingerprint import fingerprint

    about = study.manifest["model"]
    default = type(options)().name
    loaded = (replace(options, name=about["name"]) if options.name == default else options).load()
    if fingerprint(loaded) != about["fingerprint"]:
        tell(
            f"The study was made by {about['name']} of other weights, versions or precision, or on another kind of "
            "device: explanations may differ from its answers."
        )
    return loaded


def start(model: "Model", words: str, audio: Path | None, decoder_prompt: str | None) -> tuple["Model", dict[str, str]]:
    """The model, with sound as its source if it reads that, and the state that the page starts with.

    Raises:
        InputError: options that contradict the model.
    """
    from unembed.models.read_source import with_source

    encoder = model.family.encoder
    if encoder is None:
        refuse_of_decoder(model, audio=audio, decoder_prompt=decoder_prompt)
        return model, {"a": words} if words else {}
    started = {} if decoder_prompt is None else {"a": decoder_prompt}
    if encoder.reads == "audio" or audio is not None:
        return with_source(model, words or None, audio=audio), started
    return model, {**started, "source": words} if words else started


def _check_extra() -> None:
    """Refuse where the packages of the extra are not installed."""
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise UnembedError(
            f"The page needs packages that are not installed: {', '.join(missing)}.\n"
            "Install them with: pip install 'unembed[explorer]'"
        )


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens already, so that a browser may come before the server is up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if port is None:
        with contextlib.suppress(OSError):
            return socket.create_server((host, PORT), family=family)
    try:
        return socket.create_server((host, port or 0), family=family)
    except OSError as error:
        raise UnembedError(
            f"Cannot listen on {host}, port {port or 'any'}: {error}.\nTake another --host or --port; --port 0 is free."
        ) from error


def _address(host: str, port: int, token: str | None) -> str:
    from urllib.parse import quote

    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + ("" if token is None else f"?token={quote(token, safe='')}")


def _announce(address: str, *, browser: bool) -> None:
    tell(f"{address} (Ctrl-C ends)")
    if browser:
        import webbrowser

        webbrowser.open(address)
