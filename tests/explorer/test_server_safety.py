"""Who may ask the server, what it serves, and that what a prompt holds is never markup."""

import http.client
import json
import socket
import threading

import pytest
import uvicorn
from starlette.testclient import TestClient

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.explorer.guard import COOKIE, LIMITS
from unembed.explorer.http import app
from unembed.view.html.shell import as_data, document, inlined

PROMPT = "the capital of France is"
TOKEN = "a-token-that-is-hard-to-guess"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "zero\u200bwidth",
    "\x00\x1b[31m\x7f",
    "\u2028\u2029",
    "'; DROP",
    "&lt;b&gt;",
)


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama", layers=2), make_tokenizer(), name="tiny")


def client(model, token: str | None = None, base: str = "http://127.0.0.1:8731") -> TestClient:
    return TestClient(app(model, token=token), base_url=base, follow_redirects=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8731", "localhost:1", "LOCALHOST", "[::1]:8731", "[::1]"])
def test_loopback_names_are_served(model, host):
    assert client(model).get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "127.0.0.1.example.org",
        "10.0.0.1:8731",
        "localhost.example.org",
        "evil@example.org",
        "",
        "[::1",
        "0.0.0.0",
    ],
)
@pytest.mark.parametrize("path", ["/", "/explorer.js", "/model", "/health"])
def test_any_other_host_name_is_refused_without_a_token(model, host, path):
    answer = client(model).get(path, headers={"host": host})
    assert answer.status_code == 403
    assert "loopback" in answer.json()["message"]


@pytest.mark.parametrize(
    "origin", ["http://example.org", "null", "http://127.0.0.1:9999", "https://localhost", "x", "http://[::1"]
)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_request_of_another_page_is_refused(model, origin, token):
    headers = {"origin": origin, "authorization": f"Bearer {TOKEN}"}
    answer = client(model, token).post("/ask", json={"ask": "explain", "prompt": PROMPT}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["message"] == "This request comes from another page."


def test_a_request_of_the_own_page_is_served(model):
    ask = {"ask": "explain", "prompt": PROMPT, "test": False}
    answer = client(model).post("/ask", json=ask, headers={"origin": "http://127.0.0.1:8731"})
    assert answer.status_code == 200
    assert "event: result" in answer.text


@pytest.mark.parametrize("path", ["/", "/explorer.js", "/model"])
def test_with_a_token_every_request_needs_it(model, path):
    served = client(model, TOKEN, "http://machine.example:8731")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"cookie": f"{COOKIE}=wrong"}):
        assert served.get(path, headers=headers).status_code == 401
    assert served.get(f"{path}?token=wrong").status_code == 401
    assert served.get(path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert served.get(path, headers={"cookie": f"{COOKIE}={TOKEN}"}).status_code == 200
    assert served.post("/ask", json={"ask": "explain", "prompt": PROMPT}).status_code == 401
    assert served.post("/report", json={"state": None, "results": {}}).status_code == 401


def test_the_first_address_sets_a_cookie_and_leaves_the_token_out_of_the_next(model):
    served = client(model, TOKEN, "http://machine.example:8731")
    first = served.get(f"/?token={TOKEN}")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert served.get("/").status_code == 200
    assert served.get("/explorer.js?token=" + TOKEN, headers={"cookie": ""}).status_code == 401


def test_bodies_are_bounded(model):
    served = client(model)
    over = "x" * (LIMITS["/ask"] + 1)
    assert served.post("/ask", json={"ask": "explain", "prompt": over}).status_code == 413
    assert LIMITS["/ask"] == 2**20

    def unsaid():
        for _ in range(LIMITS["/ask"] // 65536 + 2):
            yield b" " * 65536

    assert served.post("/ask", content=unsaid(), headers={"content-type": "application/json"}).status_code == 413
    assert served.post("/model", json={"a": 1}).status_code in (405, 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_a_form_could_send_is_refused(model, kind):
    answer = client(model).post("/ask", content=json.dumps({"ask": "explain"}), headers={"content-type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(model, body):
    answer = client(model).post("/ask", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"]


@pytest.mark.parametrize(
    ("state", "results"),
    [
        ("5", "{}"),
        ('"abc"', "{}"),
        ('{"a": NaN}', "{}"),
        ("null", '{"x": {"schema": "y", "v": 1e999}}'),
        ("null", f'{{"x": {{"schema": "y", "v": {"[" * 900 + "]" * 900}}}}}'),
    ],
)
def test_a_report_of_something_else_is_refused(model, state, results):
    body = f'{{"state": {state}, "results": {results}}}'
    answer = client(model).post("/report", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Expected a state and results of asks")


@pytest.fixture(scope="module")
def port(model):
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(model), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/../../../../etc/passwd",
        "/explorer.js/../shell.py",
        "/explorer.js/../../__init__.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/explorer.js%2f..%2fshell.py",
        "//etc/passwd",
        "/\\..\\shell.py",
        "/shell.py",
        "/explorer.js.map",
        "/static/explorer.js",
        "/page/",
        "/docs",
        "/openapi.json",
        "/explorer.js%00.py",
    ],
)
def test_nothing_but_the_bundle_is_served(port, path):
    """Sent as they are: a client library would tidy the path up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status in (400, 404), body
    assert "root:" not in body
    assert "import " not in body


def test_every_answer_has_the_policy(model):
    served = client(model)
    answers = [
        served.get("/"),
        served.get("/explorer.js"),
        served.get("/nothing"),
        served.get("/", headers={"host": "x"}),
    ]
    answers.append(served.post("/ask", json={"ask": "explain", "prompt": PROMPT, "test": False}))
    for answer in answers:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("text", HOSTILE)
def test_data_in_the_page_is_never_markup(text):
    """Whatever a prompt holds, the document has the elements that the shell wrote and the data parses back."""
    script, policy = inlined("export default 1;")
    data = {"host": "report", "state": {"a": text}}
    whole = document(text, "", data, script, policy=policy)
    plain = document("x", "", {"host": "report", "state": {"a": "x"}}, script, policy=policy)
    assert whole.count("<") == plain.count("<")
    inside = whole.split('id="unembed-data">')[1].split("</script>")[0]
    assert json.loads(inside) == data
    assert not set("\x00\x1b\u202e\u200b\u2028") & set(whole.split("<title>")[1].split("</title>")[0])


def test_a_lone_surrogate_is_no_crash():
    assert as_data({"a": "\ud800"}) == '{"a":"\\ud800"}'


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_comes_back_as_data(model, text):
    """As a target: the tiny vocabulary does not know it, and the error event names it, in ASCII JSON on one line."""
    ask = {"ask": "explain", "prompt": PROMPT, "test": False, "target": text}
    answer = client(model).post("/ask", json=ask)
    assert answer.headers["content-type"].startswith("text/event-stream")
    name, data = [block for block in answer.text.split("\n\n") if block][-1].split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["message"] == f"Target {text!r} is not in the vocabulary of tiny."
    assert answer.text.isascii()
