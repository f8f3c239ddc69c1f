"""A hub on this machine: what huggingface_hub asks of one to fetch a repository, over HTTP."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def small_hub(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the folders `root/owner/name` as models; gives the address, and the files that are fetched."""
    fetched: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, *args: object) -> None:
            """Nothing on stderr."""

        def _answer(self, *, body: bool) -> None:
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                code, content = _about(root, parts[2:])
                self._send(code, content, {"X-Error-Code": "RepoNotFound"} if code == 404 else {}, body=body)
                return
            owner, name, _, _, *path = parts
            file = root.joinpath(owner, name, *path)
            if not file.is_file():
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body=body)
                return
            if body:
                fetched.append("/".join(path))
            content = file.read_bytes()
            tag = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self._send(200, content, tag, body=body)

        def _send(self, code: int, content: bytes, headers: dict[str, str], *, body: bool) -> None:
            self.send_response(code)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", fetched
    finally:
        server.shutdown()
        server.server_close()


def _about(root: Path, parts: list[str]) -> tuple[int, bytes]:
    """The answer of the API about a repository, or the list of its files."""
    folder = root.joinpath(*parts[:2])
    if not folder.is_dir():
        return 404, b'{"error": "Repository not found"}'
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    names = [file.relative_to(folder).as_posix() for file in files]
    if parts[2:3] == ["tree"]:
        listed = [
            {"type": "file", "path": name, "size": file.stat().st_size, "oid": COMMIT}
            for name, file in zip(names, files, strict=True)
        ]
        return 200, json.dumps(listed).encode()
    about = {"id": "/".join(parts[:2]), "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
    return 200, json.dumps(about).encode()
