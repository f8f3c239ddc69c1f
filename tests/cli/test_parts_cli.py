"""`unembed ablate --parts`: named parts are set to zero together, as the library does it in one call."""

import pytest

import unembed
from builders.commands import valid
from builders.words import PROMPT
from unembed import edits
from unembed.view.glyphs import told


def test_parts_are_zeroed_together(cli, folder) -> None:
    code, out, err = cli("ablate", PROMPT, "--parts", "L1.H1, L2 mlp", "--target", "Paris", "--json")
    assert (code, err) == (0, "")
    data = valid(out)
    run = unembed.record(unembed.load(str(folder)), PROMPT)
    together = [edits.zero("L1.H1 @ -1"), edits.zero("L2 mlp @ -1")]
    after = unembed.counterfactual(run, together, "Paris")
    before = float(run.logits[-1].double().softmax(-1)[run.token("Paris")])
    assert data["target_before"]["probability"] == pytest.approx(before, rel=1e-6)
    assert data["target_after"]["probability"] == pytest.approx(after, rel=1e-6)
    alone = unembed.counterfactual(run, together[0], "Paris")
    assert data["target_after"]["probability"] != pytest.approx(alone, rel=1e-3)
    shown = cli("ablate", PROMPT, "--parts", "L1.H1, L2 mlp", "--target", "Paris")[1]
    assert "TOGETHER  L1.H1 to zero, L2 mlp to zero" in shown
    assert " → ".join(told(before, after)) in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parts", "L1.H1", "--layer", "1", "--how", "mean"), "leave --layer, --how out"),
        (("--parts", "banana"), "banana"),
        (("--parts", "L9.H9"), "L9"),
        (("--parts", " , "), "expected at least one part"),
    ],
)
def test_what_is_not_meant_is_refused(cli, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = cli("ablate", PROMPT, *arguments)
    assert (code, out) == (2, "")
    assert message in err
