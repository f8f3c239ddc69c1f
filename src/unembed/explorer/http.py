"""app: the page and its asks over HTTP (starlette).

    GET  /             the page             POST /ask      an ask; server-sent events: progress, then result or error
    GET  /explorer.js  its one script       POST /report   state and results; the self-contained HTML report
    GET  /model        the model            GET  /health   {"status": "ok"}

Nothing else is served. Who may ask is for guard.py to say.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from unembed.errors import InputError
from unembed.explorer.asks import answer_json
from unembed.explorer.guard import Guard, refusal
from unembed.explorer.patience import PATIENCE
from unembed.explorer.session import Session
from unembed.explorer.worker import Worker
from unembed.files import parse_json
from unembed.models.model import Model
from unembed.view.html.report import report_html
from unembed.view.html.shell import bundle, page_html
from unembed.view.payloads.common import model_facts


def app(
    model: Model,
    start: Mapping[str, str] | None = None,
    *,
    token: str | None = None,
    study: Mapping[str, Any] | None = None,
) -> Starlette:
    """The server's application.

    Args:
        model: from `load` or `wrap`. What an encoder reads comes with an ask, or with the model if it has a source.
        start: fields of the page's state at first: `a`, the prompt; `source`, of an encoder-decoder.
        token: what every request must bring; None serves loopback names only.
        study: `unembed/report/1` as JSON, whose prompts the page begins with.
    """
    serving = _Serving(model, dict(start or {}), token, None if study is None else dict(study))
    routes = [
        Route("/", serving.page),
        Route("/explorer.js", serving.script),
        Route("/model", serving.model_facts),
        Route("/health", serving.health),
        Route("/ask", serving.ask, methods=["POST"]),
        Route("/report", serving.report, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, token=token)], lifespan=serving.lifespan)


class _Serving:
    """What the routes share."""

    def __init__(self, model: Model, start: dict[str, str], token: str | None, study: dict[str, Any] | None) -> None:
        self.session, self.worker = Session(model), Worker()
        self.start, self.token, self.study = start, token, study
        self.facts = asdict(model_facts(model))

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.worker.close()

    async def page(self, _: Request) -> Response:
        return HTMLResponse(page_html(self.facts, self.start or None, token=self.token, study=self.study))

    async def script(self, _: Request) -> Response:
        return Response(bundle(), media_type="text/javascript")

    async def model_facts(self, _: Request) -> Response:
        return JSONResponse(self.facts)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ask(self, request: Request) -> Response:
        try:
            ask = _json(await _body(request))
        except InputError as error:
            return refusal(400, str(error))
        events = self.worker.stream(
            lambda progress: answer_json(self.session, ask, progress),
            _gone(request),
            request.client and request.client.host,
        )
        framed = (_framed(name, data) async for name, data in events)
        return StreamingResponse(framed, media_type="text/event-stream")

    async def report(self, request: Request) -> Response:
        try:
            # A report may be of 16 MB: on a thread of its own, so that others are answered meanwhile.
            return HTMLResponse(await asyncio.to_thread(self._report, await _body(request)))
        except InputError as error:
            return refusal(400, str(error))

    def _report(self, body: bytes) -> str:
        given = _json(body)
        if not isinstance(given, dict) or given.keys() != {"state", "results"}:
            raise InputError("Expected an object with state and results.")
        return report_html(self.facts, given["state"], given["results"])


async def _body(request: Request) -> bytes:
    """The body of a request, which must come in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.body()
    except TimeoutError as error:
        raise InputError("Expected the body of the request at once.") from error


def _json(body: bytes) -> Any:
    try:
        return parse_json(body)
    except (ValueError, RecursionError) as error:
        raise InputError("Expected a body of JSON.") from error


async def _gone(request: Request) -> None:
    """Returns once the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _framed(name: str, data: Any) -> str:
    """One server-sent event; a result comes as JSON, which has no line ends, and in ASCII no halves of characters."""
    return f"event: {name}\ndata: {data if name == 'result' else json.dumps(data, allow_nan=False)}\n\n"
