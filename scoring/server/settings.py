"""What talking to an OpenAI-compatible server takes: its address, the key, how many requests at once, how long to wait.

Reads the environment; opens no connection (http.py). The key is never written to a file, a log or a message.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from scoring.errors import ModelUnavailable

CONCURRENCY_VARIABLE = "TARE_SERVER_CONCURRENCY"
TIMEOUT_VARIABLE = "TARE_SERVER_TIMEOUT_S"
KEY_VARIABLE = "TARE_SERVER_API_KEY"
MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """concurrency: requests under way at a time, of one weighing. timeout_s: for one whole answer.

    tries: of one request, with waits of first_wait_s, twice that, and so on between them, or what the server asks for.
    """

    concurrency: int = 8
    timeout_s: float = 120.0
    tries: int = 6
    first_wait_s: float = 0.5
    api_key: str | None = field(default=None, repr=False)


def settings_from_environment() -> ServerSettings:
    """The settings of this process. Raises ModelUnavailable with the value that breaks the rule (never the key)."""
    usual = ServerSettings()
    asked, timeout = os.environ.get(CONCURRENCY_VARIABLE), os.environ.get(TIMEOUT_VARIABLE)
    concurrency = _number(CONCURRENCY_VARIABLE, asked, usual.concurrency, most=MOST_AT_ONCE)
    if concurrency != int(concurrency):
        raise ModelUnavailable(f"{CONCURRENCY_VARIABLE} is {asked!r}; it must be a whole number")
    return ServerSettings(
        concurrency=int(concurrency),
        timeout_s=_number(TIMEOUT_VARIABLE, timeout, usual.timeout_s, most=86_400),
        api_key=_api_key(),
    )


def checked_url(url: str) -> str:
    """The base address without a slash at its end. Raises ValueError; the message never repeats the address."""
    if not url.isprintable() or any(letter.isspace() for letter in url):
        raise ValueError("the url holds spaces or control characters; give one such as http://127.0.0.1:8000/v1")
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_whole = False
    if "@" in url:
        raise ValueError(f"the url holds a user name or password; leave it out and put the key in {KEY_VARIABLE}")
    if not is_whole or "?" in url or "#" in url:
        raise ValueError("the url is not http(s)://HOST[:PORT]/PATH; give one such as http://127.0.0.1:8000/v1")
    return url.rstrip("/")


def _api_key() -> str | None:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and (key.isprintable() or not key)):
        raise ModelUnavailable(f"{KEY_VARIABLE} holds characters that no key has; set it again")
    return key or None


def _number(name: str, text: str | None, usual: float, *, most: float) -> float:
    if text is None or not text.strip():
        return usual
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (0 < value <= most):
        raise ModelUnavailable(f"{name} is {text!r}; it must be a number above 0 and at most {most:g}")
    return value
