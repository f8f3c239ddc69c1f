"""The report, the page's command and the notebook: what is written is whole, adds up, and fetches nothing."""

import base64
import hashlib
import http.client
import json
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import unembed
from browser.document import Document
from builders.commands import run
from builders.words import PROMPT, save_tiny
from unembed.engine import counterfactual
from unembed.errors import UnembedError
from unembed.explorer.report_asks import key_of
from unembed.runs import record as recording
from unembed.view import payloads
from unembed.view.glyphs import signed, told
from unembed.view.html import report
from unembed.view.html.report import report_html
from unembed.view.html.shell import as_data

pytestmark = pytest.mark.usefixtures("own_cache")
OTHER = "the capital of Rome is"
HOSTILE = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u202egnp", "a\u200bb", "\x1b[31m")


def number(text: str) -> float:
    return float(text.replace("−", "-").rstrip("%"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny", vocab=12)


@pytest.fixture(scope="module")
def model(folder):
    return unembed.load(str(folder))


@pytest.fixture
def written(monkeypatch, capsys, folder, tmp_path):
    """Runs a command with `--html`: its report, and its JSON."""

    def write(*args: str) -> tuple[str, dict]:
        path = tmp_path / "report.html"
        more = ("--json", "--html", str(path), "--model", str(folder), "--offline")
        code, out, err = run(monkeypatch, capsys, *args, *more)
        assert (code, err) == (0, f"unembed: wrote {path}\n")
        return path.read_text(encoding="utf-8"), json.loads(out)

    return write


COMMANDS = {
    "explain": ("explain", PROMPT),
    "explain at a position": ("explain", PROMPT, "--position", "2", "--vs", "Rome", "--target", "Paris"),
    "lens": ("lens", PROMPT),
    "patch": ("patch", PROMPT, OTHER, "--target", "Paris", "--vs", "Rome"),
    "patch heads": ("patch", PROMPT, OTHER, "--target", "Paris", "--vs", "Rome", "--site", "head"),
    "knowledge attribute": ("knowledge", "attribute", PROMPT, "--target", "Paris"),
}
VIEWS = {"lens": "parts", "patch": "compare", "knowledge": "facts"}
"""In which view the report of a command opens, where it is not Why."""


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_report_fetches_nothing_and_runs_its_own_script_only(written, name):
    text, _ = written(*COMMANDS[name])
    found = Document(text)
    policy = next(a["content"] for tag, a in found.elements if a.get("http-equiv") == "Content-Security-Policy")
    data, script = found.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "connect-src" not in policy
    assert not [a for _, a in found.elements if "src" in a or any(key.startswith("on") for key in a)]
    assert [a["href"] for _, a in found.elements if "href" in a] == ["data:,"]
    kept = json.loads(data)
    assert kept["host"] == "report"
    assert kept["token"] is None
    assert kept["state"]["a"] == PROMPT
    assert kept["state"].get("view", "why") == VIEWS.get(COMMANDS[name][0], "why")
    named = [(json.loads(key)["ask"], payload["schema"].split("/")[1]) for key, payload in kept["results"].items()]
    assert named
    assert all(schema in (ask, f"knowledge-{ask}") for ask, schema in named)


def test_the_ledger_of_a_report_sums_to_the_model_s_number(written):
    text, printed = written("explain", PROMPT)
    found = Document(text)
    *rows, total = found.table("part")
    values = [number(row[1]) for row in rows]
    assert len(values) == len(printed["ledger"]["terms"])
    assert sum(values) == pytest.approx(number(total[1]), abs=5e-5 * (len(values) + 1))  # four digits are shown
    assert number(total[1]) == pytest.approx(printed["ledger"]["value"], abs=1e-4)
    assert total[0] == "total"
    assert total[2].startswith(f"= the model's own {total[1]} (off by ")


def test_a_report_says_what_was_predicted_and_with_what_it_was_made(written, model):
    text, printed = written("explain", PROMPT, "--top", "3")
    found = Document(text)
    assert "".join(span["text"] for span in printed["sentence"]) in found.text
    base, units = printed["target"]["probability"], printed["words"]["units"]
    left = [" → ".join(told(base, unit["probability_without"])) for unit in units[:-1]]
    assert [row[:2] for row in found.table("word")] == [
        [unit["text"].strip(), said] for unit, said in zip(units, [*left, "asked here"], strict=True)
    ]
    facts = dict(found.table("what"))
    assert facts["weights (SHA-256)"] == printed["model"]["weights_sha256"]
    assert facts["precision"] == "float64 on cpu"
    assert facts["torch"] == printed["versions"]["torch"]
    assert "that rounding explains" in facts["ledger error"]
    heads = found.table("head")
    assert [row[0] for row in heads] == [f"L{h['layer']}.H{h['head']}" for h in printed["heads"]]
    assert [row[1] for row in heads] == [signed(h["value"]) for h in printed["heads"]]
    effects = [head["zeroed"]["effect"] for head in printed["heads"]]
    assert [row[5] for row in heads] == [signed(effect["nats"]) for effect in effects]
    assert [row[6] for row in heads] == [effect["size"] for effect in effects], "of 12 heads, no verdict by rank"
    assert [row[7] for row in heads] == [f"{effect['rank']} of {effect['among']}" for effect in effects]
    bars = [a for tag, a in found.elements if tag == "svg"]
    assert len(bars) == len(printed["ledger"]["terms"]) + len(printed["predictions"])


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_report_says_above_the_page_that_it_is_saved_and_what_it_is_of(written, name):
    text, printed = written(*COMMANDS[name])
    header, page = text.partition('<div id="unembed">')[::2]
    said = Document(header).text
    read = "".join(t["text"] for t in printed.get("tokens") or printed["clean_tokens"])
    for what in ("A saved report", printed["model"]["name"], f"Prompt: {read}.", "unembed open PROMPT"):
        assert what in said, "the page takes the place of what stands there, and this stays"
    assert f"SHA-256 {printed['model']['weights_sha256']}" in said
    for package, version in printed.get("versions", {}).items():
        assert f"{package} {version}" in said
    assert re.search(r"of \d{4}-\d\d-\d\d \d\d:\d\d UTC", said)
    saved = json.loads(Document(text).scripts[0])["saved"]
    assert saved["asked"] == printed["schema"]
    heading = re.search("<h1>(.*?)</h1>", page)
    assert heading, "and what was asked comes first"
    asked = {"explain": "Why", "lens": "Logit lens", "patch": "Activation patching", "knowledge": "Knowledge"}
    assert heading[1].startswith(asked[COMMANDS[name][0]])


def test_rows_and_columns_of_a_grid_are_named(written):
    text, printed = written("lens", PROMPT)
    names = re.findall("<text[^>]*>(.*?)</text>", text)
    layers = dict.fromkeys("embedding" if c["layer"] is None else f"L{c['layer']}" for c in printed["cells"])
    assert names == [*reversed(layers), *(f"{t['position']} {t['text']}" for t in printed["tokens"])]
    text, printed = written(*COMMANDS["patch heads"])
    names = re.findall("<text[^>]*>(.*?)</text>", text)
    heads = sorted({c["head"] for c in printed["grid"]})
    assert names == ["L2", "L1", "L0", *(f"H{head}" for head in heads)]


def test_the_rows_of_a_table_are_named(written):
    text, printed = written("explain", PROMPT)
    rows = re.findall('<th scope="row">(.*?)</th>', text)
    assert {f"L{head['layer']}.H{head['head']}" for head in printed["heads"]} <= set(rows)


def test_a_report_of_an_answer_has_its_tokens_and_the_ledger_of_their_sum(written):
    text, printed = written("explain", PROMPT, "--answer", "new Rome is")
    found = Document(text)
    assert [len(found.scripts), json.loads(found.scripts[0])["state"]] == [1, None], "data, and no page"
    assert "script-src" not in text.partition("</head>")[0]
    assert printed["sentence"] is None or printed["sentence"] in found.text
    tokens = found.table("token")
    assert [number(row[1]) for row in tokens] == pytest.approx(
        [t["log_probability"] for t in printed["answer"]], abs=0.005
    )
    *rows, total = found.table("part")
    assert sum(number(row[1]) for row in rows) == pytest.approx(number(total[1]), abs=5e-5 * (len(rows) + 1))
    assert number(total[1]) == pytest.approx(printed["log_probability"], abs=1e-4)
    for row, term in zip(rows, sorted(printed["ledger"]["terms"], key=lambda t: -abs(t["value"])), strict=True):
        assert [number(cell) for cell in row[2:-1]] == pytest.approx(term["by_token"], abs=0.005)
    assert [row[0] for row in found.table("head")] == [f"L{h['layer']}.H{h['head']}" for h in printed["heads"]]
    assert f"SHA-256 {printed['model']['weights_sha256']}" in found.text


def test_a_lens_and_a_sweep_have_an_image_and_a_table(written):
    text, printed = written("lens", PROMPT)
    found = Document(text)
    assert len([tag for tag, _ in found.elements if tag == "rect"]) == len(printed["cells"])
    last = [c for c in printed["cells"] if c["position"] == 4]
    assert [row[1] for row in found.table("after")] == [str(c["rank"]) for c in last]

    text, printed = written(*COMMANDS["patch"])
    found = Document(text)
    assert len([tag for tag, _ in found.elements if tag == "rect"]) == len(printed["grid"])
    best = max(printed["grid"], key=lambda c: abs(c["effect"]))
    assert number(found.table("patched")[0][2]) == pytest.approx(best["effect"], abs=0.005)


def test_an_attribution_lists_neurons_and_the_sums_of_layers(written):
    text, printed = written(*COMMANDS["knowledge attribute"])
    found = Document(text)
    assert [row[0] for row in found.table("neuron")] == [
        f"L{n['layer']}.N{n['neuron']}" for n in printed["attributions"]
    ]
    for row, layer in zip(found.table("layer"), printed["layers"], strict=True):
        assert number(row[1]) == pytest.approx(layer["sum"], abs=5e-5)
        assert number(row[2]) == pytest.approx(layer["change"], abs=5e-5)


def test_what_the_page_looks_for_is_there(written, model):
    text, _ = written("explain", PROMPT)
    kept = json.loads(Document(text).scripts[0])["results"]
    first = kept[key_of({"ask": "explain", "prompt": PROMPT, "test": False, "parts": False, "top": 10})]
    about = {"prompt": PROMPT, "target": first["target"]["id"]}
    assert key_of({"ask": "explain", **about, "test": True, "top": 10}) in kept
    assert key_of({"ask": "lens", **about, "top": 5}) in kept
    head = first["heads"][0]
    part = {"kind": "head", "layer": head["layer"], "head": head["head"]}
    assert key_of({"ask": "inspect", **about, "part": part}) in kept
    assert first["ledger"]["value"] == pytest.approx(unembed.explain(model, PROMPT).ledger.value, rel=1e-6)


@pytest.fixture
def work(monkeypatch, capsys, folder, tmp_path):
    """Runs a command: how many tokens each forward pass of the model had, and how many walks changed a run."""
    unembed.load(str(folder))  # checks the family, which takes passes, the first time only
    passes, walks = [], []
    call, walk = recording.call, counterfactual.Walk

    def counted(model, ids, *args, **kwargs):
        passes.extend([ids.shape[1]] * len(ids))
        return call(model, ids, *args, **kwargs)

    def walked(*args, **kwargs):
        walks.append(args)
        return walk(*args, **kwargs)

    monkeypatch.setattr(recording, "call", counted)
    monkeypatch.setattr(counterfactual, "Walk", walked)

    def measure(*args: str, html: bool) -> tuple[list[int], int]:
        passes.clear()
        walks.clear()
        more = ("--html", str(tmp_path / "report.html")) if html else ()
        assert run(monkeypatch, capsys, *args, "--model", str(folder), "--offline", *more)[0] == 0
        # The page tells what a head reads, whose scale is measured on two tokens, once a model; what a first word costs
        # is compared with texts of twelve.
        return sorted(length for length in passes if length not in (2, 12)), len(walks)

    return measure


LENGTH = len(PROMPT.split())
SAME = {
    "explain": (),
    "explain by head": ("--by", "head", "--top", "3"),
    "explain another": ("--position", "2", "--vs", "Rome", "--target", "Paris"),
    "explain untested": ("--no-test",),
    "explain swapped": ("--swap", "France=Rome"),
}


@pytest.mark.parametrize("options", SAME.values(), ids=SAME)
def test_the_report_of_an_explanation_runs_nothing_again(work, options):
    alone = work("explain", PROMPT, *options, html=False)
    assert work("explain", PROMPT, *options, html=True) == alone
    assert alone[1] > 0 or "--no-test" in options


def test_a_report_adds_the_explanations_of_the_page_only(work):
    tested = work("explain", PROMPT, "--target", "Paris", "--top", "10", html=False)
    for command, passes in (
        (("lens", PROMPT), 0),
        (("knowledge", "attribute", PROMPT, "--target", "Paris"), 1),
        (("knowledge", "attribute", PROMPT, "--target", "Paris", "--path", "neuron"), 1),
    ):
        alone = work(*command, html=False)
        assert work(*command, html=True) == (alone[0] + [LENGTH] * passes, alone[1] + tested[1])
    sweep = ("patch", PROMPT, OTHER, "--target", "Paris", "--vs", "Rome")
    alone = work(*sweep, html=False)
    assert work(*sweep, html=True) == (alone[0] + [LENGTH] * 2, alone[1])  # each prompt explained, and no test


PRINTED = {
    **{name: ("explain", PROMPT, *options) for name, options in SAME.items()},
    "lens": ("lens", PROMPT, "--target", "Paris"),
    "patch": COMMANDS["patch"],
    "attribute": ("knowledge", "attribute", PROMPT, "--target", "Paris", "--top", "100"),
    "attribute by neuron": ("knowledge", "attribute", PROMPT, "--target", "Paris", "--top", "100", "--path", "neuron"),
}


@pytest.mark.parametrize("name", list(PRINTED))
def test_the_page_tells_the_numbers_that_were_printed(written, name):
    text, printed = written(*PRINTED[name])
    kept = json.loads(Document(text).scripts[0])["results"]
    found = [payload for payload in kept.values() if payload["schema"] == printed["schema"]]
    wanted = report._shortened(printed)
    if "--by" in PRINTED[name]:  # the page opens the rows of sublayers
        assert {payload["ledger"].pop("by") for payload in found} == {"sublayer"}
        assert wanted["ledger"].pop("by") == "head"
        for payload in (*found, wanted):
            payload["ledger"] = payload["ledger"]["value"]
    assert found
    assert all(payload == wanted for payload in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_tokens_are_shown_and_never_run(model, text):
    payload = payloads.to_json(payloads.payload_of(unembed.explain(model, PROMPT)))
    payload["tokens"][3]["text"] = payload["target"]["text"] = text
    payload["notes"] = [text]
    payload["heads"][0]["looks_at"][0]["text"] = payload["predictions"][0]["text"] = text
    plain = payloads.to_json(payloads.payload_of(unembed.explain(model, PROMPT)))
    plain["notes"] = ["x"]
    own, other = (Document(report_html(p["model"], {"a": text}, {"{}": p})) for p in (payload, plain))
    assert [tag for tag, _ in own.elements] == [tag for tag, _ in other.elements]
    assert json.loads(own.scripts[0])["results"]["{}"]["target"]["text"] == text
    assert not set("\u202e\u200b\x1b") & set(own.text)
    if not text.isprintable():
        assert re.search(r"\\u(202e|200b|001b)", own.text)


def test_what_does_not_fit_is_left_out_and_said(model, monkeypatch):
    payload = payloads.to_json(payloads.payload_of(unembed.explain(model, PROMPT, test=False)))
    size = len(as_data({'{"n":0}': report._shortened(payload)}))
    monkeypatch.setattr(report, "BUDGET", 2 * size + 10)
    results = {f'{{"n":{i}}}': payload for i in range(3)}
    found = Document(report_html(payload["model"], None, results))
    assert len(json.loads(found.scripts[0])["results"]) == 2
    assert "Left out to keep this file small: 1 of 3 results." in found.text


def test_a_path_that_cannot_be_written_is_refused_before_the_model_loads(monkeypatch, capsys, tmp_path):
    for path in (tmp_path, tmp_path / "none" / "report.html"):
        code, out, err = run(monkeypatch, capsys, "explain", PROMPT, "--html", str(path), "--model", "nothing")
        assert (code, out) == (2, "")
        assert "Expected --html to name a file in a folder that exists" in err


# The command


def opened(folder: Path, *args: str) -> subprocess.Popen:
    command = [sys.executable, "-c", "from unembed.cli import main; main()", "open", "--no-browser", "--offline"]
    return subprocess.Popen([*command, "--model", str(folder), *args], stderr=subprocess.PIPE, text=True)


def test_open_serves_prints_its_address_and_ends_cleanly(folder):
    process = opened(folder, PROMPT, "--port", "0")
    address = process.stderr.readline()
    port = int(re.fullmatch(r"unembed: http://127\.0\.0\.1:(\d+)/ \(Ctrl-C ends\)\n", address)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/")
    page = connection.getresponse().read().decode()
    assert json.loads(Document(page).scripts[0])["state"] == {"a": PROMPT}
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == "unembed: closed\n"


def test_open_beyond_loopback_makes_up_a_token(folder, monkeypatch, capsys):
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: [each.close() for each in sockets])
    words = ("open", "--no-browser", "--offline", "--model", str(folder), "--port", "0", "--host", "0.0.0.0")
    code, _, err = run(monkeypatch, capsys, *words)
    token = re.search(r"/\?token=(\S+)", err)
    assert code == 0
    assert token is not None
    assert len(token[1]) >= 24


def test_open_refuses_what_cannot_be_served(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, "open", "--token", " ")
    assert code == 2
    assert "--token" in err
    code, _, err = run(monkeypatch, capsys, "serve", "--host", "256.0.0.1")
    assert code == 1
    assert "Cannot listen on 256.0.0.1" in err


def test_open_without_the_extra_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "uvicorn" else find_spec(name))
    code, _, err = run(monkeypatch, capsys, "open")
    assert code == UnembedError.exit_code
    assert "pip install 'unembed[explorer]'" in err
    assert "uvicorn" in err
