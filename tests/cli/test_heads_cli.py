"""`unembed heads`: JSON, terminal, interruptions, refusals."""

import pytest

import unembed
from builders.commands import valid
from unembed.methods.heads import roles as roles_module
from unembed.methods.heads.roles import measure_head_roles


def test_json_is_the_library_result(cli, folder):
    code, out, err = cli("heads", "--sequences", "2", "--top", "2", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    result = measure_head_roles(unembed.load(str(folder)), sequences=2, top=2)
    assert result.kept
    assert [(head["layer"], head["head"]) for head in data["heads"]] == [(i, j) for i in range(3) for j in range(4)]
    for head in data["heads"]:
        place = head["layer"], head["head"]
        assert head["scores"].pop("successor") is None  # the tokenizer knows no ordinals
        assert head["scores"] == {role: float(found.scores[place]) for role, found in result.roles.items()}
        assert head["roles"] == list(result.of(*place))
    assert result.check is not None
    assert {role["name"]: role["zeroed_loss"] for role in data["roles"]} == {
        role: zeroed.loss for role, zeroed in result.check.roles.items()
    }
    assert data["causal"]["second"] == result.check.second


@pytest.mark.parametrize("role", ["induction", "successor"])
def test_the_view_says_it_in_a_hundred_columns(cli, role):
    code, out, err = cli("heads", "--sequences", "1", "--top", "2", "--role", role)
    assert (code, err) == (0, "")
    assert "others at random" in out
    assert ("INDUCTION  mean attention" in out) == (role == "induction")
    assert ("successor: not measured" in out) == (role == "successor")
    assert max(map(len, out.splitlines())) <= 100


def test_an_interrupted_command_prints_the_scores_and_exits_with_130(cli, monkeypatch):
    def interrupted(*args, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(roles_module, "repetition_loss", interrupted)
    code, out, _ = cli("heads", "--sequences", "1", "--json")
    data = valid(out)
    assert code == 130
    assert (data["complete"], data["causal"]) == (False, None)
    assert "INTERRUPTED" in cli("heads", "--sequences", "1")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--role", "genius"), "There is no role 'genius': expected one of previous_token"),
        (("--memory", "lots"), "lots"),
        (("--edits", "nowhere.json"), "nowhere.json"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(cli, arguments, says):
    code, out, err = cli("heads", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
