"""The server of the page: answers are the library's, asks take turns, can be cancelled, and do not mix."""

import asyncio
import json
import socket
import threading
import time
from pathlib import Path

import jsonschema
import pytest
import torch
import uvicorn
from starlette.testclient import TestClient

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.explorer import asks
from unembed.explorer.asks import answer
from unembed.explorer.http import app
from unembed.explorer.report_asks import common, kept, key_of
from unembed.explorer.session import RUNS, WHOLE, Session
from unembed.explorer.worker import Worker
from unembed.ledger import readout as readouts
from unembed.methods.texts import PARAGRAPHS
from unembed.models.parts import Part
from unembed.models.sites import Site
from unembed.runs.means import means
from unembed.view import payloads

PROMPT, OTHER = "the capital of France is", "the capital of Rome is"
SCHEMAS = Path(unembed.__file__).parent / "view" / "schemas"
HEAD = {"kind": "head", "layer": 1, "head": 0}
NEURON = {"layer": 1, "neuron": 3}
MORE = ["a new capital of France is", "France is the capital of"]


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("llama", layers=3), make_tokenizer(), name="tiny")


@pytest.fixture(scope="module")
def session(model):
    return Session(model)


@pytest.fixture
def client(model):
    with TestClient(app(model), base_url="http://127.0.0.1") as client:
        yield client


def events(text: str) -> list[tuple[str, dict]]:
    """Server-sent events: name and data."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def asked(client, **ask) -> tuple[str, dict]:
    """The last event of an ask."""
    response = client.post("/ask", json=ask)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert all(name == "progress" and 0 <= data["fraction"] <= 1 for name, data in found[:-1])
    return found[-1]


def edit(ask: str = "edit", **words) -> dict:
    """An ask about a fact of one's own."""
    given = {"neurons": [NEURON]} if ask == "edit" else {}
    return {"ask": ask, "prompt": PROMPT, "prompts": MORE, "target": "Paris", **given, **words}


EVERY = {
    "explain": {"test": True, "top": 3},
    "terms": {"layer": 1, "sublayer": "attention"},
    "inspect": {"part": HEAD},
    "reads": {"part": HEAD},
    "test": {"tests": [{"part": HEAD, "how": "zero"}]},
    "lens": {"window": [1, 4]},
    "attention": {"layer": 1, "head": 0},
    "paths": {},
    "attribute": {"top": 5},
    "facts": {},
    "find": {"prompts": MORE, "target": "Paris"},
    "edit": {"prompts": MORE, "target": "Paris", "action": "suppress", "neurons": [NEURON]},
    "update": {"prompts": MORE, "target": "Paris", "to": "Rome", "method": "value", "neurons": [NEURON]},
    "patch": {
        "prompt_b": OTHER,
        "target": "Paris",
        "vs": "Rome",
        "align": [[i, i] for i in range(5)],
    },
    "generate": {"tokens": 2},
    "tokens": {"text": "vi"},
}


@pytest.mark.parametrize("name", list(EVERY))
def test_every_ask_gives_its_payload_and_passes_its_schema(client, name, monkeypatch):
    # The tiny tokenizer has no token for the answers of the facts that ship.
    monkeypatch.setattr("unembed.methods.knowledge.comparison.facts_for", lambda _: ())
    if name != "facts":
        monkeypatch.setattr("unembed.explorer.knowledge_asks.facts_for", lambda folder: ())
    assert EVERY.keys() == asks.ASKS.keys()
    event, data = asked(client, ask=name, prompt=PROMPT, **EVERY[name])
    assert event == "result", data
    _, schema, version = data["schema"].split("/")
    jsonschema.validate(data, json.loads((SCHEMAS / f"{schema}-{version}.json").read_text()))


def told(part: dict) -> tuple:
    """What is said of zeroing a part: of its difference, under a versus."""
    effect = part["zeroed"]["difference"] or part["zeroed"]["effect"]
    return part["layer"], part["head"], effect["rank"], effect["size"], effect["verdict"], effect["borderline"]


def test_answers_are_those_of_the_library(model, client):
    _, data = asked(client, ask="explain", prompt=PROMPT, vs="Rome", target="Paris", position=3, test=True, top=3)
    own = unembed.explain(model, PROMPT, "Paris", versus="Rome", position=3, top=3)
    expected = payloads.to_json(payloads.payload_of(own))
    assert [t["value"] for t in data["ledger"]["terms"]] == pytest.approx(
        [t["value"] for t in expected["ledger"]["terms"]], abs=1e-6
    )
    assert [told(h) for h in data["heads"]] == [told(h) for h in expected["heads"]]
    assert data["answer"]["text"] == expected["answer"]["text"]

    _, seen = asked(client, ask="attention", prompt=PROMPT, layer=1, head=0)
    pattern = unembed.attention(model, PROMPT, layer=1, head=0)
    assert seen["heads"][0]["pattern"] == pytest.approx(pattern.heads[0].pattern.tolist(), abs=1e-6)
    assert seen["matrix"][2] == pytest.approx(pattern.matrix[2].tolist(), abs=1e-6)


def test_any_token_is_offered_for_what_is_typed_of_it(client, model):
    """Held against a loop over the vocabulary: it, what begins so, what holds it; each by probability."""
    probability = unembed.record(model, PROMPT).logits[-1].double().softmax(-1).tolist()
    names = [unembed.record(model, [token]).token_texts[0] for token in range(model.vocab)]
    for typed in ("a", "IS", "·Paris", "  ", "no such text"):
        wanted = typed.replace("·", " ").strip().lower()
        holds = [token for token in range(model.vocab) if wanted and wanted in names[token].lower()]
        place = {token: (names[token].strip().lower() != wanted, not names[token].strip().lower().startswith(wanted))
                 for token in holds}  # fmt: skip
        expected = sorted(holds, key=lambda token: (place[token], -probability[token]))[:5]
        _, data = asked(client, ask="tokens", prompt=PROMPT, text=typed, top=5)
        assert [token["id"] for token in data["found"]] == expected
        assert [token["probability"] for token in data["found"]] == pytest.approx([probability[t] for t in expected])
        assert [token["rank"] for token in data["found"]] == [
            1 + sum(other > probability[token] for other in probability) for token in expected
        ]


def test_a_mean_is_over_what_a_short_model_reads_of_a_paragraph():
    short = unembed.wrap(build("gpt2", layers=1, context=7), make_tokenizer(), name="short")
    cut = [short.tokenizer(text)["input_ids"][:7] for text in PARAGRAPHS]
    expected = means(short, cut, [Site(kind="z", layer=0)])[0][1]
    found = Session(short).mean(Part("head", 0, 1).site(0), lambda *_: None)
    assert torch.equal(found, expected)


def test_a_swap_of_the_page_is_the_swap_of_explain(client, model):
    """The head's value from prompt B, as `explain --swap` gives it."""
    _, data = asked(client, ask="test", prompt=PROMPT, prompt_b=OTHER, tests=[{"part": HEAD, "how": "swap"}])
    own = unembed.explain(model, PROMPT, swap=("France", "Rome"), top=12)
    note = next(n for n in own.heads if (n.term.layer, n.term.head) == (1, 0))
    # Norms compute in float32, in batches of another size.
    assert data["target_after"]["probability"] == pytest.approx(note.swapped, abs=1e-7)


def test_a_swap_between_prompts_of_different_length_is_at_the_last_token_or_refused(client):
    tests = [{"part": HEAD, "how": "swap"}]
    event, _ = asked(client, ask="test", prompt=PROMPT, prompt_b="the capital is", tests=tests)
    assert event == "result"
    event, data = asked(client, ask="test", prompt=PROMPT, prompt_b="the capital is", tests=tests, position=2)
    assert (event, data["exit_code"]) == ("error", 2)
    assert "equal length" in data["message"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"ask": "explain"}, "needs prompt"),
        ({"ask": "explain", "prompt": ""}, "prompt is empty"),
        ({"ask": "explain", "prompt": PROMPT, "postion": 3}, "takes no postion"),
        ({"ask": "explain", "prompt": PROMPT, "position": "3"}, "Expected position to be a whole number, found '3'"),
        ({"ask": "explain", "prompt": PROMPT, "position": 99}, "outside the prompt"),
        ({"ask": "explain", "prompt": PROMPT, "top": True}, "Expected top to be a whole number, found True"),
        ({"ask": "explain", "prompt": PROMPT, "top": 10**9}, "1 to 100"),
        ({"ask": "explain", "prompt": PROMPT, "target": "Berlin"}, "not in the vocabulary"),
        ({"ask": "explain", "prompt": PROMPT, "swap": ["France"]}, "Expected swap to be a pair, each a text"),
        ({"ask": "explain", "prompt": "the " * 65}, "reads at most 64"),
        ({"ask": "explain", "prompt": "\ud800"}, "UTF-8"),
        ({"ask": "inspect", "prompt": PROMPT, "part": {"kind": "head", "layer": 9, "head": 0}}, "There is no layer 9"),
        ({"ask": "inspect", "prompt": PROMPT, "part": {"kind": "head"}}, "part needs layer"),
        (
            {"ask": "inspect", "prompt": PROMPT, "part": {"kind": "head", "layer": "1"}},
            "Expected part.layer to be a whole number",
        ),
        ({"ask": "test", "prompt": PROMPT, "tests": []}, "nothing to test"),
        ({"ask": "test", "prompt": PROMPT, "tests": [HEAD]}, "tests[0] takes no head, kind, layer: expected part, how"),
        (
            {"ask": "terms", "prompt": PROMPT, "layer": 0, "sublayer": "resid"},
            "Expected sublayer to be attention, cross_attention or mlp",
        ),
        ({"ask": "lens", "prompt": PROMPT, "window": [3, 1]}, "two positions"),
        (
            {"ask": "patch", "prompt": PROMPT, "prompt_b": OTHER, "align": [1, 2]},
            "Expected align[0] to be a pair, each a whole number",
        ),
        ({"ask": "generate", "prompt": PROMPT, "tokens": 10**6}, "1 to 200"),
        ({"ask": "test", "prompt": PROMPT, "tests": [{"part": HEAD, "how": "zero"}] * 1001}, "at most 1000 tests"),
        ({"ask": "find", "prompt": PROMPT}, "states none of the facts"),
        ({"ask": "find", "prompt": PROMPT, "prompts": MORE, "compared": 41}, "Expected compared to be 1 to 40"),
        ({"ask": "find", "prompt": PROMPT, "prompts": MORE, "t": 0}, "Expected t above 0"),
        ({"ask": "find", "prompt": PROMPT, "prompts": MORE, "t": "0.2"}, "Expected t to be"),
        ({"ask": "find", "prompt": PROMPT, "prompts": ["the"] * 20}, "at most 19 prompts"),
        ({"ask": "find", "prompt": PROMPT, "prompts": [" "]}, "none of them empty"),
        ({"ask": "find", "prompt": PROMPT, "prompts": ["the " * 65]}, "reads at most 64"),
        (edit(action="erase"), "suppress, amplify or"),
        (edit(action="format"), "found 'format'"),
        (edit(action="suppress", neurons=[]), "no neuron to edit"),
        (edit(action="suppress", neurons=[{"layer": 1}]), "neurons[0] needs neuron"),
        (edit(action="suppress", neurons=[NEURON] * 1001), "at most 1000 neurons"),
        (edit(action="suppress", neurons=[{"layer": 1, "neuron": 999}]), "no neuron 999"),
        (edit("update", to="Rome"), "name it as the prompts write it"),
        (edit("update", to="Rome", subject="Nepal"), "Nepal"),
        (edit("update", to="Rome", method="sgd"), "Expected method to be rome or value"),
        (edit("update", to=" ", method="value", neurons=[NEURON]), "new answer is empty"),
        (edit("update", to="Paris", method="value", neurons=[NEURON]), "is the answer already"),
        ({"ask": "shutdown"}, "is one of"),
        ({"ask": ["explain"]}, "is one of"),
        ([], "is one of"),
    ],
)
def test_a_bad_ask_is_an_error_event(client, ask, message):
    response = client.post("/ask", content=json.dumps(ask), headers={"content-type": "application/json"})
    event, data = events(response.text)[-1]
    assert (event, data["exit_code"]) == ("error", 2)
    assert message in data["message"]


def test_a_prompt_longer_than_a_view_takes_is_refused(session, monkeypatch):
    monkeypatch.setattr("unembed.explorer.session.LONGEST", 3)
    with pytest.raises(InputError, match="takes at most 3"):
        session.tokens(PROMPT, most=3)
    with pytest.raises(InputError, match="whose `ask`"):
        answer(session, None, print)


def test_a_crash_of_one_ask_leaves_the_server_up(client, monkeypatch, caplog):
    def crash(*_, **__):
        raise ZeroDivisionError("here")

    monkeypatch.setitem(asks.ASKS, "lens", crash)
    event, data = asked(client, ask="lens", prompt=PROMPT)
    assert (event, data["exit_code"]) == ("error", 1)
    assert "ZeroDivisionError: here" in data["message"]
    assert asked(client, ask="explain", prompt=PROMPT, test=False)[0] == "result"


def test_recorded_runs_are_used_again_and_few_are_kept(model, monkeypatch):
    session, runs = Session(model), []

    def counted(*args, **kwargs):
        runs.append(args)
        return unembed.record(*args, **kwargs)

    monkeypatch.setattr("unembed.explorer.session.record", counted)
    silent = lambda stage, fraction: None  # noqa: E731
    for reference in ("mean", "raw"):
        answer(session, {"ask": "explain", "prompt": PROMPT, "test": False, "reference": reference}, silent)
    for layer in range(3):
        answer(session, {"ask": "terms", "prompt": PROMPT, "layer": layer, "sublayer": "mlp", "position": 2}, silent)
    answer(session, {"ask": "attention", "prompt": PROMPT, "layer": 1, "head": 1}, silent)
    answer(session, {"ask": "test", "prompt": PROMPT, "tests": [{"part": HEAD, "how": "zero"}]}, silent)
    assert len(runs) == 1
    products = []

    def read(model, x):
        products.append(len(x))
        return readouts.unembedded(model, x)

    monkeypatch.setattr("unembed.methods.lens.unembedded", read)
    for change in ({"position": 3}, {"target": "Paris"}, {"target": "Rome"}, {"vs": "Rome"}, {"reference": "raw"}):
        answer(session, {"ask": "explain", "prompt": PROMPT, "test": False, "position": 3, **change}, silent)
    assert products == [model.layers + 1], "another token or reference needs no other product with the vocabulary"
    assert len(runs) == 1
    for words in range(1, RUNS + 3):
        answer(session, {"ask": "explain", "prompt": "the " * words, "test": False}, silent)
    assert len(session._runs) == RUNS
    assert WHOLE >= 16


def test_two_asks_at_once_do_not_mix(client, model):
    prompts = [PROMPT, OTHER, "a new capital", "France is the capital of Paris"]
    found: dict[str, dict] = {}

    def one(prompt):
        found[prompt] = asked(client, ask="explain", prompt=prompt, test=True, top=2)[1]

    threads = [threading.Thread(target=one, args=(prompt,)) for prompt in prompts]
    [t.start() for t in threads]
    [t.join() for t in threads]
    for prompt in prompts:
        own = unembed.explain(model, prompt, top=2)
        assert [t["id"] for t in found[prompt]["tokens"]] == list(own.run.tokens)
        assert found[prompt]["ledger"]["value"] == pytest.approx(own.ledger.value, abs=1e-6)


@pytest.fixture
def live(model):
    """A real server on a free port: its port, and the asks it runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(model), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()


def posted(port: int, ask: dict) -> socket.socket:
    """A connection on which an ask was posted."""
    body = json.dumps(ask).encode()
    head = f"POST /ask HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_until(connection: socket.socket, wanted: bytes) -> None:
    """Reads what comes until something is in it."""
    received = b""
    while wanted not in received:
        more = connection.recv(65536)
        assert more, received
        received += more


def test_a_client_that_leaves_stops_its_work_and_one_that_waits_is_served(live, monkeypatch):
    started, stopped = threading.Event(), threading.Event()

    def endless(session, about, progress):
        started.set()
        try:
            while True:
                progress("waiting", 0.5)
                time.sleep(0.01)
        finally:
            stopped.set()

    monkeypatch.setitem(asks.ASKS, "paths", endless)
    first = posted(live, {"ask": "paths", "prompt": PROMPT})
    assert started.wait(20)
    read_until(first, b"event: progress")
    second = posted(live, {"ask": "explain", "prompt": PROMPT, "test": False})
    first.close()
    assert stopped.wait(20)
    read_until(second, b"event: result")
    second.close()


def test_closing_the_worker_stops_what_runs_and_what_waits():
    worker, started, ended, late = Worker(), threading.Event(), threading.Event(), threading.Event()

    def endless(progress):
        started.set()
        try:
            while True:
                progress("waiting", 0.0)
                time.sleep(0.01)
        finally:
            ended.set()

    async def both():
        never = asyncio.get_running_loop().create_future
        streams = [worker.stream(work, never()) for work in (endless, lambda _: late.set())]
        running = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.to_thread(started.wait, 20)
        worker.close()
        assert await asyncio.to_thread(ended.wait, 20)
        for task in running:
            task.cancel()

    asyncio.run(both())
    assert not late.is_set()


def test_keys_of_a_report_are_canonical_json_and_its_results_are_answers(session):
    state = {"a": PROMPT, "position": 3, "reference": "raw"}
    assert common(state) == {"prompt": PROMPT, "position": 3, "reference": "raw"}
    assert common({"a": PROMPT, "vs": "Rome", "reference": "raw"}) == {"prompt": PROMPT, "vs": "Rome"}
    assert key_of({"b": "é", "a": 1}) == '{"a":1,"b":"é"}'
    found = kept(session, state, lambda stage, fraction: None)
    asked = {"ask": "explain", "prompt": PROMPT, "position": 3, "reference": "raw", "top": 10}
    target = found[key_of({**asked, "test": False, "parts": False})]["target"]["id"]
    assert key_of({**asked, "target": target, "test": True}) in found
    schemas = {payload["schema"].split("/")[1] for payload in found.values()}
    assert schemas == {
        "explain",
        "lens",
        "terms",
        "inspect",
        "reads",
        "attention",
        "paths",
    }
    for key, payload in found.items():
        ask = json.loads(key)
        if ask["ask"] == "terms":
            assert payload == answer(session, ask, lambda stage, fraction: None)


def test_the_page_and_the_model(client, model):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    text = page.text.split('<script type="application/json" id="unembed-data">')[1].split("</script>")[0]
    data = json.loads(text)
    assert data["host"] == "page"
    assert data["model"] == client.get("/model").json()
    assert data["model"]["layers"] == 3
    assert client.get("/explorer.js").headers["content-type"].startswith("text/javascript")
    assert "export" in client.get("/explorer.js").text
    assert client.get("/health").json() == {"status": "ok"}


def test_a_report_of_what_the_page_shows(client):
    result = asked(client, ask="explain", prompt=PROMPT, test=True)[1]
    made = client.post("/report", json={"state": {"a": PROMPT}, "results": {"key": result}})
    assert made.status_code == 200
    assert "Ledger" in made.text
    for bad in (
        {},
        {"state": {}, "results": {"key": {"schema": "unembed/explain/2"}}},
        {"state": None, "results": [1]},
    ):
        refused = client.post("/report", json=bad)
        assert refused.status_code == 400
        assert "Expected" in refused.json()["message"]
