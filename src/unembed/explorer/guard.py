"""Guard: which requests reach the server, and what every answer says to the browser.

A page anywhere on the web can make a browser send requests to this machine. So without a token only loopback names are
served (a name that an attacker points at 127.0.0.1 is refused: DNS rebinding), and a request that names an origin must
come from this server's own page. With a token any host name will do, and every request needs the token: in the
`Authorization: Bearer` header, or in the cookie that the first `/?token=` sets.
"""

import hmac
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
LIMITS = {"/ask": 2**20, "/report": 2**24}
"""Bytes of a request's body; a report is sent all results that it is to embed."""
COOKIE = "unembed_token"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether a host name stands for this machine only."""
    return host.lower() in _LOOPBACK


class _TooLarge(Exception):  # noqa: N818
    """A body beyond its limit."""


class Guard:
    """Refuses what must not reach `app`; adds the headers to every answer."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refused = self._refused(Request(scope))
        if refused is not None:
            await refused(scope, receive, with_headers)
            return
        try:
            await self.app(scope, _limited(receive, LIMITS.get(scope["path"], 0)), with_headers)
        except _TooLarge:
            await refusal(413, "The request is too large.")(scope, receive, with_headers)
        except ClientDisconnect:
            return  # who has left gets no answer

    def _refused(self, request: Request) -> Response | None:
        headers = request.headers
        if self.token is None and not is_loopback(_host_name(headers.get("host", ""))):
            return refusal(403, "This server answers to loopback names only, such as http://127.0.0.1.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
            return refusal(403, "This request comes from another page.")
        if self.token is not None:
            given = request.query_params.get("token") if request.url.path == "/" else None
            if given is not None and _same(given, self.token):
                return _signed_in(self.token)
            if request.url.path != "/health" and not any(_same(t, self.token) for t in _tokens(request)):
                return refusal(401, "This server needs the token that `unembed open` printed: open its whole address.")
        if request.method == "POST":
            return _bad_body(headers, LIMITS.get(request.url.path, 0))
        return None


def refusal(status: int, message: str) -> Response:
    """An answer that says why there is none."""
    return JSONResponse({"message": message}, status_code=status)


def _bad_body(headers: Mapping[str, str], limit: int) -> Response | None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return refusal(415, "Expected a body of application/json.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        return refusal(413, f"The request is too large: expected at most {limit} bytes.")
    return None


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive`, which counts the body: its length may be unsaid, or a lie."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _TooLarge
        return message

    return counting


def _host_name(host: str) -> str:
    """The name in a Host header, without its port; empty if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _tokens(request: Request) -> list[str]:
    """What a request brings as its token: headers are bytes, which starlette reads as latin-1."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    sent = bearer.encode("latin-1").decode(errors="replace")
    return [sent if scheme.lower() == "bearer" else "", unquote(request.cookies.get(COOKIE, ""))]


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), token.encode(errors="replace"))


def _signed_in(token: str) -> Response:
    """To the page without the token in its address, with the cookie; a fragment stays."""
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(COOKIE, quote(token, safe="", errors="replace"), httponly=True, samesite="strict", path="/")
    return response
