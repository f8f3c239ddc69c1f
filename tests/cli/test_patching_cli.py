"""`patch`, `trace` and `steer` on the command line: JSON, terminal, refusals, interruptions."""

import json

import numpy as np
import pytest
import torch
from rich.cells import cell_len

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.view.glyphs import Glyphs
from unembed.view.payloads.patching import patch_payload, trace_payload
from unembed.view.terminal.heat_map import heat_map, shade
from unembed.view.terminal.paper import Paper
from unembed.view.terminal.patching import patch_lines, trace_lines

CLEAN, CORRUPT = "the capital of France is", "the capital of Rome is"
WORDS = ("--target", "Paris", "--vs", "Rome")


def values(grid, key: str) -> dict:
    return {(c["layer"], c[key]): c["value"] for c in grid}


def test_patch_json_is_the_library_result(cli, folder):
    code, out, err = cli("patch", CLEAN, CORRUPT, *WORDS, "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    found = unembed.patch(model, CLEAN, CORRUPT, "Paris", "Rome")
    assert (data["clean"], data["corrupt"], data["direction"]) == (found.clean, found.corrupt, "denoise")
    assert [c["value"] for c in data["grid"]] == found.values["denoise"].tolist()
    assert [c["effect"] for c in data["grid"]] == found.effect().tolist()
    assert [(c["layer"], c["position"]) for c in data["grid"]] == [(a, p) for a in range(3) for p in range(5)]
    assert (data["shared"], data["planned"], data["complete"], data["noise_grid"]) == (3, 15, True, None)
    assert [t["text"] for t in data["target"]] == ["Paris"]
    assert data["versus"]["text"] == "Rome"


def test_patch_in_both_directions_has_two_grids(cli):
    both = valid(cli("patch", CLEAN, CORRUPT, *WORDS, "--direction", "both", "--site", "head", "--json")[1])
    for direction, grid in (("denoise", "grid"), ("noise", "noise_grid")):
        one = valid(cli("patch", CLEAN, CORRUPT, *WORDS, "--direction", direction, "--site", "head", "--json")[1])
        assert one["grid"] == both[grid]
        assert all(c["position"] is None and c["head"] is not None for c in one["grid"])


def test_patch_options(cli):
    last = valid(cli("patch", CLEAN, CORRUPT, *WORDS, "-p", "last", "--site", "mlp", "--layer", "1", "--json")[1])
    assert list(values(last["grid"], "position")) == [(1, 4)]
    index = valid(cli("patch", CLEAN, CORRUPT, "-p", "-2", "--metric", "kl", "--json")[1])
    assert (index["clean"], index["target"]) == (0.0, None)
    assert list(values(index["grid"], "position")) == [(0, 3), (1, 3), (2, 3)]
    neurons = valid(
        cli("patch", CLEAN, CORRUPT, *WORDS, "--site", "neuron", "--layer", "2", "--memory", "1MB", "--json")[1]
    )
    assert [c["neuron"] for c in neurons["grid"]] == list(range(48))
    map_ = "0:0,1:1,2:2,3:4,4:5"
    moved = valid(cli("patch", CLEAN, "the capital of new Rome is", *WORDS, "--align", map_, "--json")[1])
    assert moved["align"] == [[0, 0], [1, 1], [2, 2], [3, 4], [4, 5]]
    piped = valid(cli("patch", "-", CORRUPT, *WORDS, "--json", stdin=CLEAN + "\n")[1])
    assert [t["text"] for t in piped["clean_tokens"]] == CLEAN.split()


def test_trace_json_is_the_library_result(cli, folder):
    args = ["--subject", "capital of", "--target", "Paris", "--samples", "2", "--seed", "3", "--window", "2"]
    code, out, err = cli("trace", CLEAN, *args, "--site", "mlp", "--noise", "1.5", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    found = unembed.causal_trace(
        model, CLEAN, "Paris", subject="capital of", samples=2, seed=3, window=2, site="mlp", noise=1.5
    )
    assert [c["value"] for c in data["grid"]] == found.values.flatten().tolist()
    assert [c["error"] for c in data["grid"]] == found.errors.flatten().tolist()
    assert (data["subject"], data["samples"], data["complete"]) == ([1, 2], 2, True)
    single = valid(cli("trace", CLEAN, "--subject-position", "1", "--samples", "1", "--json")[1])
    assert {c["error"] for c in single["grid"]} == {None}


def test_steer_json_is_the_library_result(cli, folder, tmp_path):
    v = np.linspace(-1, 1, 32)
    np.save(tmp_path / "v.npy", v)
    code, out, err = cli(
        "steer", CLEAN, "--add", str(tmp_path / "v.npy"), "--add", "Rome", "--toward", "the new", "--away", "the",
        "--layer", "1", "--scale", "2.5", "--tokens", "4", "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    data = valid(out)
    model = unembed.load(str(folder))
    whole = torch.from_numpy(v) + unembed.directions.token(model, "Rome")
    whole = whole + unembed.directions.difference(model, "the new", "the", layer=1, site="resid_post")
    found = unembed.steer(model, CLEAN, whole, layer=1, scale=2.5, tokens=4)
    for name in ("steered", "unsteered"):
        assert [t["id"] for t in data[name]["generated"]] == [s.token for s in getattr(found, name)]
    assert data["added_length"] == pytest.approx(2.5 * float(whole.norm()))


COMMANDS = {
    "resid": ["patch", CLEAN, CORRUPT, *WORDS],
    "heads": ["patch", CLEAN, CORRUPT, *WORDS, "--site", "head", "--direction", "both"],
    "neurons": ["patch", CLEAN, CORRUPT, *WORDS, "--site", "neuron", "--layer", "0", "--layer", "2", "--top", "7"],
    "kl": ["patch", CLEAN, CORRUPT, "--metric", "kl"],
    "trace": ["trace", CLEAN, "--subject", "France", "--samples", "2"],
    "steer": ["steer", CLEAN, "--add", "Rome", "--layer", "1", "--tokens", "30"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_terminal_view_keeps_its_width(cli, name):
    code, out, err = cli(*COMMANDS[name])
    assert (code, err) == (0, "")
    assert len(out.splitlines()) >= 4
    assert max(cell_len(line) for line in out.splitlines()) <= 100
    assert "\x1b" not in out


def test_the_view_names_both_ends_and_the_strongest(cli):
    out = cli("patch", CLEAN, CORRUPT, *WORDS)[1]
    data = valid(cli("patch", CLEAN, CORRUPT, *WORDS, "--json")[1])
    assert "logit of Paris minus Rome: clean " in out
    assert "0 stays as the corrupt run, 1 becomes as the clean run" in out
    assert "positions before 3 hold the same in both runs" in out
    best = max(data["grid"], key=lambda c: abs(c["effect"]))
    assert f"L{best['layer']} @ {best['position']}" in out.split("strongest")[1].splitlines()[1]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_shades_tell_size_and_sign(ascii_only):
    glyphs = Glyphs(ascii=ascii_only)
    up = [shade(v, glyphs) for v in (0.0, 0.1, 0.3, 0.6, 0.9, 5.0)]
    down = [shade(-v, glyphs) for v in (0.1, 0.3, 0.6, 0.9)]
    assert up[0] == shade(-0.09, glyphs) == " "
    assert up[4] == up[5]
    assert len({*up[1:5], *down}) == 8
    assert not ascii_only or all(c.isascii() for c in up + down)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_map_of_many_columns_says_what_it_leaves_out(ascii_only):
    paper = Paper(glyphs=Glyphs(ascii=ascii_only))
    columns = list(range(200))
    cells = {(layer, c): (c - 195.0 if layer == 1 else 0.5) for layer in range(4) for c in columns}
    lines = [line.plain for line in heat_map(cells, columns, [str(c) for c in columns], paper)]
    assert max(map(len, lines)) <= 100
    assert "the last 45 of 200 columns" in lines[1]
    assert [line.split()[0] for line in lines[3:]] == ["L2-3", "L1", "L0"]
    row = next(line for line in lines if line.startswith("  L1 "))[10::2]
    down, up = ("@", "#") if ascii_only else ("▤", "█")
    assert row.startswith(down * 40)
    assert row[40] == " "  # 195 is where the effect is 0
    assert row[41:45] == up * 4


def test_long_prompts_keep_their_width():
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    clean = [3 + i % 8 for i in range(60)]
    corrupt = [*clean[:5], 2, *clean[6:]]
    patched = unembed.patch(model, clean, corrupt, 4, 5)
    traced = unembed.causal_trace(model, clean, 4, subject=[50], samples=1)
    for width in (60, 100):
        paper = Paper(width=width)
        shown = [line.plain for line in patch_lines(patch_payload(patched), paper)]
        shown += [line.plain for line in trace_lines(trace_payload(traced), paper)]
        assert max(cell_len(line.rstrip()) for line in shown) <= max(width, 92)


BAD = {
    "the same": (["patch", CLEAN, CLEAN], "are the same"),
    "length": (["patch", CLEAN, "the capital of new Rome is"], "3 'new' | 4 'Rome'"),
    "target": (["patch", CLEAN, CORRUPT, "--target", "Berlin"], "'Berlin' is not in the vocabulary"),
    "versus": (["patch", CLEAN, CORRUPT, "--vs", "Berlin"], "'Berlin' is not in the vocabulary"),
    "versus of two": (["patch", CLEAN, CORRUPT, "--vs", "new Rome"], "'new Rome' is 2 tokens"),
    "site": (["patch", CLEAN, CORRUPT, "--site", "heads"], "found 'heads'"),
    "layer": (["patch", CLEAN, CORRUPT, "--layer", "44"], "There is no layer 44"),
    "neurons": (["patch", CLEAN, CORRUPT, "--site", "neuron"], "give at least one (--layer)"),
    "position": (["patch", CLEAN, CORRUPT, "-p", "44"], "Position 44 is outside"),
    "position word": (["patch", CLEAN, CORRUPT, "-p", "first"], "found 'first'"),
    "align": (["patch", CLEAN, CORRUPT, "--align", "0-1"], "found '0-1'"),
    "align twice": (["patch", CLEAN, CORRUPT, "--align", "0:0,0:1"], "a position twice"),
    "memory": (["patch", CLEAN, CORRUPT, *WORDS, "--memory", "1kB"], "too small for one intervention"),
    "memory word": (["patch", CLEAN, CORRUPT, "--memory", "lots"], "found 'lots'"),
    "empty": (["patch", "", CORRUPT], "prompt is empty"),
    "no subject": (["trace", CLEAN], "--subject TEXT"),
    "two subjects": (["trace", CLEAN, "--subject", "a", "--subject-position", "1"], "--subject TEXT"),
    "subject": (["trace", CLEAN, "--subject", "Berlin"], "found it 0 times"),
    "standard input twice": (["patch", "-", "-"], "Standard input holds one prompt"),
    "target of kl": (["patch", CLEAN, CORRUPT, "--metric", "kl", "-t", "Paris"], "reads no target"),
    "vs of a probability": (["patch", CLEAN, CORRUPT, *WORDS, "--metric", "probability"], "reads another token"),
    "window": (["trace", CLEAN, "--subject", "France", "--window", "999"], "window of 1 to 3 layers, found 999"),
    "huge scale": (["steer", CLEAN, "--layer", "1", "--add", "Rome", "--scale", "1e20"], "nothing of it would be left"),
    "noise": (["trace", CLEAN, "--subject", "France", "--noise", "0"], "noise above 0"),
    "trace site": (["trace", CLEAN, "--subject", "France", "--site", "head"], "found 'head'"),
    "no direction": (["steer", CLEAN, "--layer", "1"], "--toward"),
    "away alone": (["steer", CLEAN, "--layer", "1", "--add", "Rome", "--away", "the"], "give both"),
    "word": (["steer", CLEAN, "--layer", "1", "--add", "Berlin"], "not in the vocabulary"),
    "file": (["steer", CLEAN, "--layer", "1", "--add", "none.npy"], "There is no file 'none.npy'"),
    "steer layer": (["steer", CLEAN, "--layer", "9", "--toward", "the"], "There is no layer 9"),
    "steer site": (["steer", CLEAN, "--layer", "1", "--add", "Rome", "--site", "z"], "found 'z'"),
    "scale": (["steer", CLEAN, "--layer", "1", "--add", "Rome", "--scale", "nan"], "finite scale, found nan"),
    "context": (["steer", CLEAN, "--layer", "1", "--add", "Rome", "--tokens", "99"], "exceed the 64"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message_and_exit_code_2(cli, name):
    args, message = BAD[name]
    code, out, err = cli(*args)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("unembed: ")
    assert "Traceback" not in err


def test_a_map_shows_positions_that_are_aligned_with_another_one(cli):
    """Both prompts begin alike, but position 0 takes the value of position 3 here."""
    code, out, _ = cli("patch", CLEAN, CORRUPT, *WORDS, "--align", "0:3", "--site", "resid_pre")
    assert code == 0
    assert "hold the same" not in out
    assert "0 the" in out
    _, out, _ = cli("patch", CLEAN, CORRUPT, *WORDS, "--site", "resid_pre")
    assert "hold the same" in out


def test_steer_counts_layers_from_the_end(cli):
    args = ["steer", CLEAN, "--add", "Rome", "--tokens", "2", "--json"]
    code, last, _ = cli(*args, "--layer", "-1")
    assert code == 0
    assert json.loads(last)["layer"] >= 0
    assert cli(*args, "--layer", str(json.loads(last)["layer"]))[1] == last


def test_ctrl_c_prints_what_is_finished_and_exits_with_130(cli, monkeypatch):
    import unembed.methods.causal_trace as tracing
    import unembed.methods.patch as patching
    import unembed.methods.steer as steering
    from unembed.errors import Interrupted

    count = patching.counterfactuals
    samples = []

    def half(*args, **how):
        values = count(*args, **how)
        raise Interrupted(torch.where(torch.arange(len(values)) < 2, values, torch.nan))

    def second(*args, **how):
        samples.append(1)
        if len(samples) % 2 == 0:
            raise KeyboardInterrupt
        return count(*args, **how)

    generate = steering.generate

    def few(*args, **how):
        yield next(iter(generate(*args, **how)))
        raise KeyboardInterrupt

    monkeypatch.setattr(patching, "counterfactuals", half)
    monkeypatch.setattr(tracing, "counterfactuals", second)
    monkeypatch.setattr(steering, "generate", few)
    for command in (
        ["patch", CLEAN, CORRUPT, *WORDS],
        ["trace", CLEAN, "--subject", "France", "--samples", "2"],
        ["steer", CLEAN, "--layer", "1", "--add", "Rome"],
    ):
        code, out, _ = cli(*command)
        assert code == 130
        assert "INTERRUPTED" in out
        code, out, _ = cli(*command, "--json")
        assert (code, json.loads(out)["complete"]) == (130, False)
    assert len(valid(cli("patch", CLEAN, CORRUPT, *WORDS, "--json")[1])["grid"]) == 9 + 2
