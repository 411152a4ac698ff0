"""Texts written by a model at an OpenAI-compatible server, for trying a pair by hand. Weighs nothing.

Asks for the model's own distribution: a server may have defaults of its own (top-k, repetition penalty), which are
set to nothing here. The same seed gives the same texts as far as the server's own numerics allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import SampledText, Sampling
from scoring.server.answers import BYTES_AT_LEAST, BYTES_PER_TOKEN, Unfit
from scoring.server.engine import ServerEngine, keep_urgent, turns_at
from scoring.server.http import ServerTrouble, session
from scoring.server.settings import ServerSettings
from scoring.server.thread import result_of

# What vLLM and SGLang would otherwise take from the model's generation_config.json.
PLAIN_DISTRIBUTION = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


class ServerSampler:
    """A `TextSampler` through /completions with token ids. Needs a server that names ids (vLLM)."""

    def __init__(
        self,
        engine: ServerEngine,
        tokenizer: Any,
        *,
        url: str,
        served_as: str,
        names_ids: bool,
        settings: ServerSettings,
    ) -> None:
        self._engine = engine
        self._tokenizer = tokenizer
        self._url = url
        self._served_as = served_as
        self._names_ids = names_ids
        self._settings = settings

    def sample(self, ids: Sequence[int], how: Sampling) -> list[SampledText]:
        """See `TextSampler`."""
        if not self._names_ids:
            raise EngineFailed(
                f"the server at {self._url} does not name token ids, so that the end of what it writes cannot be "
                "told; write or paste the candidates instead"
            )
        # One token stays free when weighing (model.py); a text may fill it.
        room = self._engine.context_limit + 1 - len(ids)
        if room < 1:
            raise PromptTooLong(f"the prompt's {len(ids)} tokens fill the context of {self._served_as}; shorten it")
        try:
            choices = self._choices(self._body(ids, how, room))
            texts = [self._read(choice, how.stop_ids) for choice in choices]
        except ServerTrouble as trouble:
            raise EngineFailed(self._engine.line_of(trouble)) from trouble
        return texts if how.temperature > 0 else texts * how.n

    def _body(self, ids: Sequence[int], how: Sampling, room: int) -> dict[str, Any]:
        return {
            "model": self._served_as,
            "prompt": list(ids),
            "n": how.n if how.temperature > 0 else 1,  # vLLM refuses several of the one most likely text
            "temperature": how.temperature,
            "top_p": how.top_p,
            "seed": how.seed,
            "max_tokens": min(how.max_new_tokens, room),
            "stop_token_ids": list(how.stop_ids) if len(how.stop_ids) == 1 else [],
            "return_token_ids": True,
            **PLAIN_DISTRIBUTION,
        }

    def _choices(self, body: dict[str, Any]) -> list[Mapping[str, Any]]:
        limit = BYTES_AT_LEAST + BYTES_PER_TOKEN * (body["n"] * body["max_tokens"] + len(body["prompt"]))
        turns = turns_at(self._url)

        async def ask() -> Any:
            async with session(self._url, self._settings, turns) as open_session:
                beat = asyncio.create_task(keep_urgent(turns))
                try:
                    return await open_session.ask("POST", "/completions", body, limit_bytes=limit)
                finally:
                    beat.cancel()
                    with suppress(asyncio.CancelledError):
                        await beat

        answer = result_of(ask)
        choices = answer.get("choices") if isinstance(answer, dict) else None
        if not isinstance(choices, list) or len(choices) != body["n"]:
            raise Unfit(f"did not send the {body['n']} texts that were asked for")
        return choices

    def _read(self, choice: Any, stop: tuple[int, ...]) -> SampledText:
        """The text up to its end: where the server stopped, or at an end of turn of several tokens."""
        ids = choice.get("token_ids") if isinstance(choice, dict) else None
        if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
            raise Unfit("sent a text without its token ids")
        has_ended = choice.get("finish_reason") == "stop"
        if stop:
            places = [i for i in range(len(ids) - len(stop) + 1) if tuple(ids[i : i + len(stop)]) == stop]
            has_ended, ids = has_ended or bool(places), ids[: min(places, default=len(ids))]
        return SampledText(self._tokenizer.decode(ids, skip_special_tokens=True), has_ended)
