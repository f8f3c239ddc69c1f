"""The tutorial runs from its first cell to its last, prints what it shows, and its claim holds."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import unembed
from builders.printed import assert_same

pytestmark = pytest.mark.real
TUTORIAL = Path(__file__).resolve().parents[1] / "docs" / "tutorial.ipynb"


def printed(cell: nbformat.NotebookNode) -> str:
    """All that a cell printed; it shows nothing else."""
    assert all(output.output_type == "stream" and output.name == "stdout" for output in cell.outputs), cell.outputs
    return "".join(output.text for output in cell.outputs)


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> list[tuple[str, str]]:
    """What each cell prints when the notebook runs, and what the notebook shows."""
    shown = nbformat.read(TUTORIAL, as_version=4)
    run = nbformat.read(TUTORIAL, as_version=4)
    home = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as env:
        # Nothing of the user's settings is read, and the kernel imports the package that is tested.
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            env.setenv(name, str(home / name.lower()))
        env.setenv("PYTHONPATH", str(Path(unembed.__file__).parents[1]), prepend=os.pathsep)
        env.setenv("CUDA_VISIBLE_DEVICES", "")
        env.setenv("OMP_NUM_THREADS", "1")
        NotebookClient(run, timeout=300, resources={"metadata": {"path": str(home)}}).execute()
    pairs = zip(run.cells, shown.cells, strict=True)
    return [(printed(ran), printed(was)) for ran, was in pairs if ran.cell_type == "code"]


def test_each_cell_prints_what_the_notebook_shows(cells):
    for found, shown in cells:
        assert_same(found, shown)


def test_the_claim_of_the_tutorial_holds(cells):
    """The numbers of its last section, from the run."""
    text = "".join(found for found, _ in cells)
    before, after = re.search(r"P\(Paris\) ([\d.]+)%, without L23.H4 ([\d.]+)%", text).groups()
    assert (float(before), float(after)) == (pytest.approx(77.3, abs=0.2), pytest.approx(14.7, abs=0.2))
    assert float(re.search(r"P\(Berlin\) 0\.1% becomes ([\d.]+)%", text)[1]) == pytest.approx(79.0, abs=0.2)
    assert "L23.H4: 20 of 20\n" in text
    assert "the other heads of layer 23: [0, 0, 0, 0, 0, 0, 0, 0]\n" in text
    assert " Paris. becomes  Berlin.\n" in text
    claim = " ".join(nbformat.read(TUTORIAL, as_version=4).cells[-1].source.replace("\n>", "").split())
    for told in ("from 77 % to 15 %", "in 20 of 20 countries; no other head of the layer does so in any"):
        assert told in claim
