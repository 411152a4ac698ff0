"""A real little HTTP server on a free loopback port, for tests of what talks to servers. Answers with any function."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A whole answer; `said_length` lies about its length."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    said_length: int | None = None

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Call:
    """A request as it came in. write: bytes straight onto the connection, for answers that are none."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    write: Callable[[bytes], None]


Respond = Callable[[Call], "Reply | None"]


class Loopback:
    """An HTTP server on a free loopback port; counts calls and how many are under way at once."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.calls: list[Call] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def completions(self) -> list[Any]:
        """The bodies posted to /completions, in the order they came."""
        return [call.body for call in self.calls if call.path.endswith("/completions")]

    def __enter__(self) -> Loopback:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                expected = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(expected)
                if len(raw) < expected:  # the client went away in mid-sentence
                    self.close_connection = True
                    return
                body = json.loads(raw) if raw else None
                call = Call(self.command, self.path, dict(self.headers), body, self.wfile.write)
                with loopback.counted(call):
                    reply = loopback.respond(call)
                if reply is None:  # the connection breaks off
                    self.close_connection = True
                    return
                raw = reply.raw()
                self.send_response(reply.status)
                length = len(raw) if reply.said_length is None else reply.said_length
                for name, value in {"Content-Length": str(length), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
                self.close_connection = self.close_connection or reply.said_length is not None

            do_GET = do_POST = answer  # noqa: N815  # http.server looks for these names

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:  # the client has gone
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                return

        return Handler

    @contextmanager
    def counted(self, call: Call) -> Iterator[None]:
        with self._lock:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1
