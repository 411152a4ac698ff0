"""A `LogprobEngine` whose forwards run at an OpenAI-compatible server (vLLM): requests side by side, a prompt each.

The server shares nothing between prompts whose log-probs are asked for (vLLM skips its prefix cache then), so one
prompt a request costs it next to nothing, and everything that was answered is kept. Does not tokenize or render.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing

from scoring.engine.turns import LINGER_S, Turns, turns_of
from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs, collect
from scoring.server.answers import Asked, Unfit, Vocabulary
from scoring.server.handshake import Handshake
from scoring.server.http import ServerSession, ServerTrouble, session
from scoring.server.settings import ServerSettings
from scoring.server.thread import Emit, emitted


def turns_at(url: str) -> Turns:
    """The process's queue for a server: only told there who goes first, for a server works on many at once."""
    return turns_of(f"server {url}")


class ServerEngine:
    """See the module. Raises PromptTooLong, and EngineFailed in one line; never gives a number it is not sure of."""

    name = "server"

    def __init__(
        self,
        url: str,
        served_as: str,
        *,
        fingerprint: str,
        context_limit: int,
        handshake: Handshake,
        probe: LogprobRequest,
        vocabulary: Vocabulary,
        settings: ServerSettings,
    ) -> None:
        self.fingerprint = fingerprint
        self.place = f"{served_as} at {url}"
        self.context_limit = context_limit
        self._url = url
        self._served_as = served_as
        self._handshake = handshake
        self._probe = probe
        self._vocabulary = vocabulary
        self._settings = settings

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        """See `LogprobEngine`; longest first, a pack for each look at what has been answered."""
        for request in requests:
            self._check(request)
        wanted = [index for index in range(len(requests)) if index not in known]
        wanted.sort(key=lambda index: (-len(requests[index].ids), index))
        if not wanted:
            return
        n_done = 0
        try:
            with closing(self._answers(requests, wanted)) as batches:
                for batch in batches:
                    n_done += len(batch)
                    yield Pack(dict(batch), sum(len(requests[index].ids) for index, _ in batch))
        except ServerTrouble as trouble:
            kept = f"{n_done} of {len(wanted)} texts sent together came back and are kept"
            raise EngineFailed(self.line_of(trouble, kept=kept)) from trouble

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        """See `LogprobEngine`."""
        return collect(self.weigh(requests))

    def probe(self) -> tuple[LogprobRequest, TokenLogprobs]:
        """The fixed probe and what the server gives for it at this moment. Raises EngineFailed."""
        return self._probe, self.logprobs([self._probe])[0]

    def line_of(self, trouble: ServerTrouble, *, kept: str = "") -> str:
        """What happened, what was kept, what to do."""
        middle = f"; {kept}" if kept else ""
        return f"{self.place}: the server {trouble.fact}{middle}; {trouble.way_out}"

    def _check(self, request: LogprobRequest) -> None:
        if len(request.ids) > self.context_limit:
            raise PromptTooLong(
                f"{len(request.ids)} tokens exceed the {self.context_limit} that {self._served_as} takes; nothing is "
                "truncated: shorten the text, or serve the model with a longer context"
            )

    def _answers(
        self, requests: Sequence[LogprobRequest], wanted: Sequence[int]
    ) -> Generator[list[tuple[int, TokenLogprobs]], None, None]:
        async def work(emit: Emit[tuple[int, TokenLogprobs]]) -> None:
            await self._weigh_all(requests, wanted, emit)

        return emitted(work)

    async def _weigh_all(
        self, requests: Sequence[LogprobRequest], wanted: Sequence[int], emit: Emit[tuple[int, TokenLogprobs]]
    ) -> None:
        turns = turns_at(self._url)
        todo = iter(wanted)

        async def lane(open_session: ServerSession) -> None:
            for index in todo:  # all lanes take from the same iterator
                emit((index, await self._weigh_one(open_session, requests[index])))

        async with session(self._url, self._settings, turns) as open_session:
            beat = asyncio.create_task(keep_urgent(turns))
            try:
                async with asyncio.TaskGroup() as lanes:
                    for _ in range(min(self._settings.concurrency, len(wanted))):
                        lanes.create_task(lane(open_session))
            except ExceptionGroup as group:  # the first to fail has ended the others
                raise group.exceptions[0] from None
            finally:
                beat.cancel()

    async def _weigh_one(self, open_session: ServerSession, request: LogprobRequest) -> TokenLogprobs:
        asked = Asked(request, self._handshake.dialect, self._vocabulary)
        body = asked.body(self._served_as)
        answer = await open_session.ask("POST", "/completions", body, limit_bytes=asked.limit_bytes)
        found = asked.read(answer)
        answers_as = answer.get("model")
        if self._handshake.answers_as is not None and answers_as != self._handshake.answers_as:
            raise Unfit(f"answered as {str(answers_as)[:80]!r}, at first as {self._handshake.answers_as[:80]!r}")
        return found


async def keep_urgent(turns: Turns) -> None:
    """While a request is under way nothing else shows that its urgent block is at work; no-op for ordinary work."""
    while True:
        turns.touch()
        await asyncio.sleep(LINGER_S / 5)
