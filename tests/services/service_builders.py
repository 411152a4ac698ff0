"""What the tests of the services are made of: tiny real models, datasets written in a line, and sources that misbehave.

The models are real Llamas with real tokenizers, loaded by the code under test; a `WatchedSource` wraps their real
engines to count, slow down or break what goes through them.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from db.tables import Dataset, Item, Run, Score, Suggestion
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, ModelSource, OpenModel, Pack, TokenLogprobs
from services.criteria.store import find_criteria
from services.formats.drafts import CandidateDraft, ItemDraft
from services.item_store import insert_items
from services.reviews.review import decide, load_item
from services.reviews.rows import ReviewItem
from services.runs import start_run

CONTEXT = 256
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTROL = ["<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
WORDS = ["tea", "shop", "green", "black", "pot", "cup", "price", "open", "closed", "sugar", "milk", "lemon", "honey",
         "leaf", "water", "hot", "cold", "small", "large", "kind"]  # fmt: skip

_PAIR = """
[[pairs]]
name = "{name}"
title = "{name}"
strong = "{strong}"
weak = "{weak}"
parameters = "few"
context = 256
licence = "none"
memory_gb = 0.001
{more}
"""


def pair_entry(name: str, strong: Path, weak: Path, more: str = "") -> str:
    """One entry of a catalogue of tiny pairs; `more` are further lines."""
    return _PAIR.format(name=name, strong=strong, weak=weak, more=more)


def make_tokenizer(merges: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE with a chat template; the number of merges decides how it splits."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    size = len(CONTROL) + 256 + merges
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=CONTROL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 20, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|bos|>", eos_token="<|end|>")
    fast.chat_template = TEMPLATE
    return fast


def save_tiny(folder: Path, *, seed: int, merges: int) -> Path:
    """A Llama of a few thousand weights in a folder, as any Hugging Face folder."""
    tokenizer = make_tokenizer(merges)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class WatchedSource:
    """A ModelSource over a real one. `on_batch(ref, requests)` runs before each pack and may sleep or raise.

    What measures the numeric noise is not counted among the packs. `devices`: where models claim to be, by folder.
    """

    def __init__(
        self,
        models: ModelSource,
        *,
        on_batch: Callable[[str, Sequence[LogprobRequest]], None] | None = None,
        is_roomy: bool = True,
        devices: Mapping[str, str] | None = None,
    ) -> None:
        self.models = models
        self.devices = devices or {}
        self.on_batch = on_batch
        self.is_roomy = is_roomy
        self.computed: dict[str, int] = {}  # requests by model folder
        self.n_batches = 0
        self.n_measured = 0  # requests weighed again for the noise
        self.most_open = 0
        self._open = 0

    def fits_both(self, first: ModelSpec, second: ModelSpec) -> bool:
        return self.is_roomy

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[OpenModel]:
        with self.models.open(spec) as model:
            self._open += 1
            self.most_open = max(self.most_open, self._open)
            try:
                yield _WatchedModel(model, self)  # type: ignore[misc]
            finally:
                self._open -= 1


class _WatchedModel:
    def __init__(self, model: OpenModel, source: WatchedSource) -> None:
        self.engine = _WatchedEngine(model, source)
        self.ref, self.tokenizer, self.sampler = model.ref, model.tokenizer, model.sampler
        self.device = source.devices.get(Path(model.ref).name, model.device)
        self.dtype, self.memory_bytes = model.dtype, model.memory_bytes


class _WatchedEngine:
    def __init__(self, model: OpenModel, source: WatchedSource) -> None:
        self._model, self._source = model, source
        self.name = model.engine.name
        self.fingerprint, self.context_limit = model.engine.fingerprint, model.engine.context_limit

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        name = Path(self._model.ref).name
        packs = self._model.engine.weigh(requests, known=known)
        while True:
            if self._source.on_batch is not None:
                self._source.on_batch(name, requests)
            pack = next(packs, None)
            if pack is None:
                return
            self._source.computed[name] = self._source.computed.get(name, 0) + len(pack.results)
            self._source.n_batches += 1
            yield pack

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        self._source.n_measured += len(requests)
        return self._model.engine.logprobs(requests)


def words(seed: int, n: int) -> str:
    """n words, the same for the same seed."""
    picked = torch.randint(len(WORDS), (n,), generator=torch.Generator().manual_seed(seed)).tolist()
    return " ".join(WORDS[index] for index in picked)


def draft(prompt: str, *responses: str, best: int | None = None, **more: Any) -> ItemDraft:
    """An item; `best` is the place of the gold best."""
    ranks = [None if best is None else 1.0 if place == best else 2.0 for place in range(len(responses))]
    candidates = tuple(CandidateDraft(text, f"m{i}", ranks[i]) for i, text in enumerate(responses))
    return ItemDraft(({"role": "user", "content": prompt},), candidates, **more)


def plain_items(n: int, *, k: int = 3) -> list[ItemDraft]:
    """n items with k different responses each."""
    return [
        draft(words(i, 4), *(words(1000 * i + j, 5 + (i + j) % 6) for j in range(1, k + 1)), best=i % k)
        for i in range(n)
    ]


def make_dataset(sessions: sessionmaker[Session], items: Sequence[ItemDraft], *, name: str = "set") -> int:
    """A ready dataset of these items."""
    with sessions.begin() as session:
        dataset = Dataset(name=name, n_items=len(items), n_candidates=sum(len(item.candidates) for item in items))
        session.add(dataset)
        session.flush()
        insert_items(session, dataset.dataset_id, items, first_position=0)
        return dataset.dataset_id


def queue_run(sessions: sessionmaker[Session], dataset_id: int, *, pair: str = "tiny", **more: Any) -> int:
    """A queued run under no criteria."""
    criteria_id = more.pop("criteria_id", None) or find_criteria(sessions, "none").criteria_id
    return start_run(sessions, dataset_id=dataset_id, pair=pair, criteria_id=criteria_id, **more)


def item_ids(sessions: sessionmaker[Session], dataset_id: int) -> list[int]:
    """The items in file order."""
    with sessions() as session:
        wanted = select(Item.item_id).where(Item.dataset_id == dataset_id).order_by(Item.position)
        return list(session.scalars(wanted))


def scores_of(sessions: sessionmaker[Session], run_id: int) -> dict[tuple[int, int], tuple[Any, ...]]:
    """(item position, candidate position) -> everything that a run found, to be compared bit for bit."""
    from db.tables import Candidate

    wanted = (
        select(Item.position, Candidate.position, Score, Suggestion.margin, Suggestion.is_out_of_world)
        .join(Candidate, Candidate.item_id == Item.item_id)
        .join(Score, Score.candidate_id == Candidate.candidate_id)
        .join(Suggestion, (Suggestion.item_id == Item.item_id) & (Suggestion.run_id == Score.run_id))
        .where(Score.run_id == run_id)
    )
    with sessions() as session:
        return {
            (item, place): (s.reward, s.reward_per_token, s.strong_logprob, s.weak_logprob, s.strong_tokens,
                            s.weak_tokens, s.rank, s.strong_key, s.weak_key, margin, is_out)
            for item, place, s, margin, is_out in session.execute(wanted)
        }  # fmt: skip


def let_time_pass(sessions: sessionmaker[Session], run_id: int, *, seconds: float = 60) -> None:
    """Make the run's last heartbeat so much older, as if its worker had been silent."""
    from datetime import timedelta

    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        if run.heartbeat_at is not None:
            run.heartbeat_at = run.heartbeat_at - timedelta(seconds=seconds)


def wait_until(is_so: Callable[[], bool], *, timeout_s: float = 60, every_s: float = 0.01) -> None:
    """Wait for a condition; fail with a sentence when it does not come."""
    end = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {timeout_s} s")
        time.sleep(every_s)


class Gate:
    """Lets the test hold a forward at its door: `on_batch` waits after `after` batches until `open()`."""

    def __init__(self, *, after: int = 0) -> None:
        self._left = after
        self._is_open = threading.Event()
        self.is_reached = threading.Event()

    def on_batch(self, _ref: str, _requests: Sequence[LogprobRequest]) -> None:
        if self._left > 0:
            self._left -= 1
            return
        self.is_reached.set()
        self._is_open.wait(60)

    def open(self) -> None:
        self._is_open.set()


_tokens = itertools.count()


class Reviewer:
    """Somebody who looks at items and decides."""

    def __init__(self, sessions: sessionmaker[Session], dataset_id: int, *, name: str = "ann") -> None:
        self.sessions, self.dataset_id, self.name = sessions, dataset_id, name

    def look(self, item_id: int | None = None, run_id: int | None = None) -> ReviewItem:
        item = load_item(self.sessions, dataset_id=self.dataset_id, annotator=self.name, run_id=run_id, item_id=item_id)
        assert item is not None
        return item

    def say(self, item_id: int, verdict: str = "tie", **more: Any) -> Any:
        submission = more.pop("submission", f"t{next(_tokens)}")
        run_id = more.pop("run_id", None)
        return decide(
            self.sessions, item_id=item_id, run_id=run_id, annotator=self.name, verdict_request=verdict,
            submission=submission, **more,
        )  # fmt: skip
