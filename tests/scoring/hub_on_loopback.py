"""A little hub on loopback that serves folders as repositories: listings, files, and parts of files by range.

What huggingface_hub 2.4 asks for; `asked` keeps the paths, so that a test can say what was never fetched.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """repositories: folder by hub id; only these exist. bytes_sent: of each file's content."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.bytes_sent: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Hub:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # http.server looks for this name
                path = self.path.split("?")[0].strip("/")
                if path.startswith("api/models/"):
                    self._listing(path.removeprefix("api/models/"))
                else:
                    self._file(path)

            do_HEAD = do_GET  # noqa: N815

            def _listing(self, path: str) -> None:
                ref, folder = hub._repository(path)
                if folder is None:
                    self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                    return
                files = [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": hub._oid(file)}
                         for file in sorted(folder.iterdir())]  # fmt: skip
                info = {"id": ref, "sha": COMMIT, "siblings": [{"rfilename": file["path"]} for file in files]}
                self._send(200, json.dumps(files if "/tree/" in path else info).encode())

            def _file(self, path: str) -> None:
                ref, folder = hub._repository(path)
                file = None if folder is None else folder / path.rpartition(f"/resolve/{COMMIT}/")[2]
                if file is None or not file.is_file():
                    self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
                    return
                raw = file.read_bytes()
                known = {"ETag": f'"{hub._oid(file)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
                asked = self.headers.get("Range", "")
                if asked.startswith("bytes="):
                    first, _, last = asked.removeprefix("bytes=").partition("-")
                    end = min(int(last or len(raw) - 1), len(raw) - 1)
                    known["Content-Range"] = f"bytes {first}-{end}/{len(raw)}"
                    raw = raw[int(first) : end + 1]
                if self.command == "GET":
                    hub.bytes_sent[f"{ref}/{file.name}"] = hub.bytes_sent.get(f"{ref}/{file.name}", 0) + len(raw)
                self._send(206 if asked else 200, raw, known)

            def _send(self, status: int, raw: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                return

        return Handler

    def _repository(self, path: str) -> tuple[str, Path | None]:
        ref = next((ref for ref in self.repositories if path == ref or path.startswith(f"{ref}/")), "")
        return ref, self.repositories.get(ref)

    @staticmethod
    def _oid(file: Path) -> str:
        return hashlib.sha1(file.read_bytes()).hexdigest()  # as the hub names small files
