"""The wheel, installed where there is no Node: it holds the page's bundle, and serves it."""

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import unembed

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "src" / "unembed" / "view" / "html" / "explorer.js"
PROMPT = "The king shall not"


def pip(*arguments: str | Path) -> None:
    """Without the network: nothing is looked up."""
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_QUIET": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, timeout=300, env=os.environ | offline)


def in_readme(start: str, places: dict[str, Path], *more: str | Path, before: tuple[str | Path, ...] = ()) -> None:
    """Run the README's own command that begins so, with its places taken elsewhere."""
    line = next(x for x in (ROOT / "README.md").read_text().splitlines() if x.startswith(start))
    pip(*before, *(places.get(word, word) for word in line.split()[1:]), *more)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    in_readme("pip wheel", {".": ROOT, "dist": folder}, "--no-build-isolation")
    return next(folder.glob("unembed-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory) -> Path:
    """An environment with the wheel; its dependencies are those of the tests' own environment, behind its own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    in_readme("pip install dist/", {"dist/unembed-*.whl": wheel}, before=("--python", folder / "bin" / "python"))
    (site,) = folder.glob("lib/python*/site-packages")
    # A path that is appended comes after the environment's own packages, so that the wheel is found first.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture(scope="module")
def outside(installed: Path, tmp_path_factory) -> dict:
    """How a command of the environment is run: far from the sources, with its own commands and no Node on the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = {"PATH": str(installed / "bin"), "UNEMBED_CACHE": str(tmp_path_factory.mktemp("cache"))}
    return {"env": environment | path, "cwd": tmp_path_factory.mktemp("elsewhere"), "text": True}


def test_the_wheel_holds_the_package_and_no_sources_of_the_page(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.read("unembed/view/html/explorer.js") == BUNDLE.read_bytes()
    assert not [
        name for name in names if not name.startswith(("unembed/", f"unembed-{unembed.__version__}.dist-info/"))
    ]
    assert not [name for name in names if name.endswith((".ts", ".tsx", "package.json")) or "node_modules" in name]


@pytest.fixture
def address(installed: Path, outside: dict) -> Iterator[str]:
    command = [installed / "bin" / "unembed", "open", PROMPT, "--model", "toy/two-layer", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, **outside)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line + process.stderr.read()
        yield found[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()


def test_the_installed_command_serves_its_own_bundle_without_node(address: str, installed: Path, outside: dict) -> None:
    code = "import shutil, unembed; print(unembed.__file__, shutil.which('node'))"
    told = subprocess.run([installed / "bin" / "python", "-c", code], check=True, capture_output=True, **outside).stdout
    home, node = told.split()
    assert Path(home).is_relative_to(installed)
    assert node == "None"
    page = urllib.request.urlopen(address, timeout=60).read().decode()
    assert '"host":"page"' in page
    assert urllib.request.urlopen(f"{address}explorer.js", timeout=60).read() == BUNDLE.read_bytes()
    body = json.dumps({"ask": "explain", "prompt": PROMPT, "test": False}).encode()
    request = urllib.request.Request(f"{address}ask", body, {"content-type": "application/json"})
    assert "event: result" in urllib.request.urlopen(request, timeout=60).read().decode()
