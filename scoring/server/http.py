"""JSON requests to one server: time-outs, tries with growing waits, bounded answers, and every failure as one line.

    ServerTrouble      what happened, and the way out
    ├── Passing        may be over in a moment (no connection, no answer in time, 429, 5xx): tried again
    └── Refused        400 or 422: the server does not take this request

Follows no redirect, uses no proxy and no netrc of the environment. Knows nothing of log-probs (answers.py).
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from scoring.engine.turns import PATIENCE_S, Turns
from scoring.server.settings import KEY_VARIABLE, ServerSettings

CONNECT_S = 10.0
# A server that asks for a longer pause than this is busy for good: better to fail now and resume later.
LONGEST_WAIT_S = 60.0
HOLD_BACK_S = 0.02  # how often ordinary work looks whether urgent work is over
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


class ServerTrouble(Exception):
    """fact: what happened, without the address. way_out: what to do."""

    def __init__(self, fact: str, way_out: str) -> None:
        super().__init__(fact, way_out)
        self.fact = fact
        self.way_out = way_out


class Passing(ServerTrouble):
    """May be over in a moment. wait_s: how long the server asks to wait."""

    def __init__(self, fact: str, way_out: str, *, wait_s: float | None = None) -> None:
        super().__init__(fact, way_out)
        self.wait_s = wait_s


class Refused(ServerTrouble):
    """The server does not take this request as it stands."""


class NotThere(ServerTrouble):
    """404 or 405: no such path, or no such model."""


@asynccontextmanager
async def session(url: str, settings: ServerSettings, turns: Turns) -> AsyncIterator[ServerSession]:
    """Connections to the server at `url` (checked), closed at the end."""
    key = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    timeout = httpx2.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s))
    limits = httpx2.Limits(max_connections=settings.concurrency + 1)
    async with httpx2.AsyncClient(
        headers=key, timeout=timeout, limits=limits, verify=_certificates(), trust_env=False, follow_redirects=False
    ) as http:
        yield ServerSession(http, url, settings, turns)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes longer than a small request."""
    return httpx2.create_ssl_context(trust_env=False)


class ServerSession:
    """See `session`. Many requests may be under way at once."""

    def __init__(self, http: httpx2.AsyncClient, url: str, settings: ServerSettings, turns: Turns) -> None:
        self._http = http
        self._url = url
        self._settings = settings
        self._turns = turns

    async def ask(self, method: str, path: str, body: Any = None, *, limit_bytes: int) -> Any:
        """The answer's JSON. Raises ServerTrouble when all tries are used up, or at once when trying cannot help."""
        first = self._settings.first_wait_s
        usual = wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT_S, jitter=first)

        def wait_s(state: RetryCallState) -> float:
            trouble = state.outcome.exception() if state.outcome else None
            asked = trouble.wait_s if isinstance(trouble, Passing) else None
            return max(usual(state), asked or 0.0)

        # A server that hangs is told after three time-outs, not after all tries.
        stop = stop_after_attempt(self._settings.tries) | stop_after_delay(2.5 * self._settings.timeout_s)
        retrying = AsyncRetrying(stop=stop, wait=wait_s, retry=retry_if_exception(_is_worth_a_try), reraise=True)
        started = time.monotonic()
        try:
            return await retrying(self._try, method, path, body, limit_bytes)
        except Passing as trouble:
            tries = retrying.statistics["attempt_number"]
            times = f"{tries} times in {time.monotonic() - started:.0f} s" if tries > 1 else "once"
            raise ServerTrouble(f"{trouble.fact}, tried {times}", trouble.way_out) from trouble

    async def _try(self, method: str, path: str, body: Any, limit_bytes: int) -> Any:
        await self._hold_back()
        patience = self._settings.timeout_s
        try:
            async with (
                asyncio.timeout(patience),  # over all: a drip of bytes would never let the time between two run out
                self._http.stream(method, self._url + path, json=body) as response,
            ):
                raw = await _read(response, limit_bytes)
        except httpx2.ConnectTimeout as error:
            raise Passing("did not take a connection in time", "see that it runs and is reachable") from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            way_out = "ask for fewer at once (TARE_SERVER_CONCURRENCY) or allow more time (TARE_SERVER_TIMEOUT_S)"
            raise Passing(f"gave no whole answer within {patience:g} s", way_out) from error
        except httpx2.RequestError as error:
            reason = quoted(str(error) or type(error).__name__, self._settings)
            raise Passing(f"cannot be reached or broke off ({reason})", "see that it runs and is reachable") from error
        if response.status_code != 200:
            raise self._trouble(response, raw)
        return _parsed(raw, self._settings)

    async def _hold_back(self) -> None:
        """Ordinary work issues nothing new while somebody waits at a screen for this server (not for ever)."""
        end = time.monotonic() + PATIENCE_S
        while self._turns.must_hold_back() and time.monotonic() < end:
            await asyncio.sleep(HOLD_BACK_S)

    def _trouble(self, response: httpx2.Response, raw: bytes) -> ServerTrouble:
        status, said = response.status_code, quoted(_message(raw), self._settings)
        if status in (401, 403):
            fact = f"refused the key in {KEY_VARIABLE}" if self._settings.api_key else "asks for a key"
            return ServerTrouble(f"{fact} (HTTP {status})", f"set {KEY_VARIABLE} to a key it knows")
        if status in (404, 405):
            way_out = "see that the url ends as the server's does (vLLM: /v1) and that served_as is its name"
            return NotThere(f"answered HTTP {status} to {response.request.url.path} ({said})", way_out)
        if status in (400, 413, 422):
            return Refused(f"refused a request with HTTP {status} ({said})", "see what it says and its own log")
        if status in _PASSING:
            wait_s = _wait_asked(response.headers.get("retry-after"))
            asks = f", asks to wait {wait_s:.0f} s" if wait_s is not None and wait_s > LONGEST_WAIT_S else ""
            return Passing(f"answered HTTP {status}{asks} ({said})", "see its log", wait_s=wait_s)
        if 300 <= status < 400:
            return ServerTrouble(f"redirects (HTTP {status}), which is not followed", "name the right address as url")
        return ServerTrouble(f"answered HTTP {status} ({said})", "see its log")


def _is_worth_a_try(error: BaseException) -> bool:
    return isinstance(error, Passing) and (error.wait_s or 0.0) <= LONGEST_WAIT_S


def quoted(text: str, settings: ServerSettings) -> str:
    """What a server said, as part of our line: printable, short, without the key."""
    if settings.api_key:
        text = text.replace(settings.api_key, "***")
    text = re.sub(r"//[^/@\s]*@", "//***@", text)
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:2000])
    return " ".join(printable.split())[:200] or "no more said"


async def _read(response: httpx2.Response, limit_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > limit_bytes:
            raise ServerTrouble(f"sent more than {limit_bytes} bytes for one request", "is it the right address?")
        parts.append(part)
    return b"".join(parts)


def _parsed(raw: bytes, settings: ServerSettings) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        begins = quoted(raw[:80].decode("utf-8", "replace"), settings)
        way_out = "see that the url is the server's own and ends as it should (vLLM: /v1)"
        raise ServerTrouble(f"answered something that is not JSON (it begins: {begins})", way_out) from error


def _message(raw: bytes) -> str:
    """The line within an error's body: {"error": {"message": ...}} or {"message": ...}, else the body's beginning."""
    text = raw[:20_000].decode("utf-8", "replace")
    try:
        found: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return text
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    return found if isinstance(found, str) else text


def _wait_asked(header: str | None) -> float | None:
    """Seconds of a Retry-After header: a number or a date."""
    if header is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d+)?", header.strip()):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
