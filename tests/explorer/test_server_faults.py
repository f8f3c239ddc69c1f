"""A server among rude clients: odd tokens, connections that end or stall half-way, and more asks than it can answer."""

import asyncio
import json
import logging
import socket
import threading
import time
from urllib.parse import quote

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.explorer import asks, http, patience
from unembed.explorer.guard import COOKIE
from unembed.explorer.patience import PatientProtocol
from unembed.explorer.worker import Worker

PROMPT = "the capital of France is"
ODD = "ключ-🗝-é"


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama", layers=2), make_tokenizer(), name="tiny")


@pytest.fixture
def live(model, caplog):
    """A real server on a free port; it must log no error and no traceback while a test runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(http.app(model), http=PatientProtocol, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert not thread.is_alive()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def connected(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(sent.replace(b"PORT", str(port).encode()))
    return connection


def healthy(port: int) -> bool:
    return httpx2.get(f"http://127.0.0.1:{port}/health", timeout=20).json() == {"status": "ok"}


# ------------------------------------------------------------ tokens


def with_token(model, token: str) -> TestClient:
    return TestClient(http.app(model, token=token), base_url="http://machine.example", follow_redirects=False)


@pytest.mark.parametrize("token", ["plain", ODD])
@pytest.mark.parametrize("sent", ["ключ", "🗝", "é", "\udc80", "%ff%fe", "\x00"])
def test_a_wrong_token_of_any_characters_is_refused(model, token, sent):
    client = with_token(model, token)
    raw = sent.encode(errors="surrogateescape")
    assert client.get(f"/?token={quote(raw)}").status_code == 401
    assert client.get("/", headers={"authorization": b"Bearer " + raw}).status_code == 401
    assert client.get("/", headers={"cookie": COOKIE.encode() + b"=" + raw}).status_code == 401
    assert client.get("/", headers={"cookie": f"{COOKIE}={quote(raw)}"}).status_code == 401


@pytest.mark.parametrize("token", ["plain", "a b;c=d", ODD])
def test_the_right_token_of_any_characters_is_taken(model, token):
    client = with_token(model, token)
    assert client.get("/", headers={"authorization": b"Bearer " + token.encode()}).status_code == 200
    assert client.get(f"/?token={quote(token)}").status_code == 303
    assert client.get("/").status_code == 200  # by the cookie that the answer before has set


# ------------------------------------------------------------ connections

HEAD = b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Type: application/json\r\n"
HALF = {
    "nothing": b"",
    "half a line": b"GET /hea",
    "half the headers": HEAD,
    "half the headers of the next request": b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\nGET /health HTTP",
}


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF)
def test_half_sent_headers_time_out(live, monkeypatch, sent):
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    connection = connected(live, sent)
    while connection.recv(65536):
        pass
    assert healthy(live)


def test_headers_that_trickle_time_out(live, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0.3)
    connection = connected(live, HEAD)

    def trickle() -> None:
        while True:
            connection.sendall(b"X-More: x\r\n")
            time.sleep(0.05)

    with pytest.raises(OSError, match=r"reset|pipe"):
        trickle()


def test_a_half_sent_body_times_out(live, monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", 0.2)
    connection = connected(live, HEAD + b"Content-Length: 90\r\n\r\n{")
    assert b" 400 " in connection.recv(65536)


def test_a_long_answer_is_not_cut(live, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0.1)

    def slow(session, about, progress):
        time.sleep(0.5)
        raise unembed.InputError("done")

    monkeypatch.setitem(asks.ASKS, "paths", slow)
    answer = httpx2.post(f"http://127.0.0.1:{live}/ask", json={"ask": "paths", "prompt": PROMPT}, timeout=20)
    assert '"message": "done"' in answer.text


@pytest.mark.parametrize("body", [b"Content-Length: 90\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"])
def test_a_client_that_leaves_within_its_body_is_no_error(live, body):
    for _ in range(3):
        connection = connected(live, HEAD + body)
        time.sleep(0.05)
        connection.close()
    assert healthy(live)


def test_a_client_that_leaves_within_the_answer_is_no_error(live, monkeypatch):
    def talking(session, about, progress):
        while True:
            progress("x" * 100_000, 0.5)
            time.sleep(0.01)

    monkeypatch.setitem(asks.ASKS, "paths", talking)
    ask = json.dumps({"ask": "paths", "prompt": PROMPT}).encode()
    for _ in range(3):
        connection = connected(live, HEAD + b"Content-Length: %d\r\n\r\n" % len(ask) + ask)
        connection.recv(10)
        connection.close()
    assert healthy(live)


def test_others_are_answered_while_a_report_is_built(live, monkeypatch):
    asked, go_on = threading.Event(), threading.Event()

    def slow(*_):
        asked.set()
        assert go_on.wait(20)
        return "<p>"

    monkeypatch.setattr(http, "report_html", slow)
    url, done = f"http://127.0.0.1:{live}/report", []
    post = threading.Thread(target=lambda: done.append(httpx2.post(url, json={"state": None, "results": {}}).text))
    post.start()
    assert asked.wait(20)
    assert healthy(live)
    go_on.set()
    post.join(20)
    assert done == ["<p>"]


# ------------------------------------------------------------ turns


def order_of(waiting: list[tuple[str, str]], until: str) -> list[str]:
    """The order in which asks of clients are answered, up to one of them, where all wait behind a first one."""
    worker, started, go_on, answered = Worker(), threading.Event(), threading.Event(), []

    def first(progress):
        started.set()
        assert go_on.wait(20)

    async def all_of_them():
        loop = asyncio.get_running_loop()
        streams = [worker.stream(first, loop.create_future(), "first")]
        streams += [
            worker.stream(lambda _, name=name: answered.append(name), loop.create_future(), client)
            for client, name in waiting
        ]
        tasks = []
        for stream in streams:
            tasks.append(asyncio.ensure_future(anext(stream)))
            await asyncio.sleep(0)
        await asyncio.to_thread(started.wait, 20)
        go_on.set()
        await asyncio.gather(*tasks)
        for stream in streams:
            await stream.aclose()

    asyncio.run(all_of_them())
    worker.close()
    assert sorted(answered) == sorted(name for _, name in waiting)
    return answered[: answered.index(until) + 1]


def test_a_client_with_1500_asks_does_not_starve_another():
    many = [("greedy", f"ask {i}") for i in range(1500)]
    assert len(order_of([*many, ("other", "wanted")], "wanted")) <= 2


def test_nor_does_it_where_both_have_one_address():
    many = [("one", f"ask {i}") for i in range(1500)]
    assert len(order_of([*many, ("one", "wanted")], "wanted")) <= 2


def test_what_waits_longest_is_not_starved_by_what_comes_later():
    assert order_of([("one", f"ask {i}") for i in range(9)], "ask 1")[0] == "ask 0"
    assert len(order_of([("one", f"ask {i}") for i in range(9)], "ask 1")) == 3


def test_clients_take_turns_in_a_round():
    waiting = [(client, f"{client}{i}") for client in "abc" for i in range(2)]
    assert [name[0] for name in order_of(waiting, "c1")] == ["a", "b", "c", "a", "b", "c"]
