"""The room where models stand: loaded once, shared by everybody in the process, freed when memory is needed.

A model that somebody holds open is never freed; of the idle ones the least recently used goes first. Two models of
one process may be open at the same time; forwards on one device come one after the other (turns.py).
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from scoring.errors import ModelUnavailable
from scoring.memory import GIGABYTE, available_bytes
from scoring.models import LoadedModel, choose_device, choose_dtype, estimate_bytes, load_model
from scoring.pairs import DType, ModelSpec
from scoring.plain import free_cached_memory

# Of the memory that is free when the room is made; the rest is for the forwards and everything else.
BUDGET_SHARE = 0.7


@dataclass(eq=False)
class _Place:
    """One model's place. `model` is None while it loads; `ready` opens when it is loaded or has failed."""

    bytes_held: int
    holders: int = 0
    last_used: int = 0
    model: LoadedModel | None = None
    failure: ModelUnavailable | None = None
    ready: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class RoomStats:
    """What stands in the room. Bytes are weights as loaded."""

    loaded: tuple[str, ...]
    in_use: tuple[str, ...]
    bytes_held: int
    budget_bytes: int
    device: str


class ModelRoom:
    """A `ModelSource` with a memory budget in bytes (None: 70 % of what is free on the device now)."""

    def __init__(self, budget_bytes: int | None = None, *, device: str = "auto", dtype: DType = "auto") -> None:
        self.device = choose_device(device)
        self.dtype = dtype
        self.budget_bytes = int(available_bytes(self.device) * BUDGET_SHARE) if budget_bytes is None else budget_bytes
        self._lock = threading.Lock()
        self._places: dict[ModelSpec, _Place] = {}
        self._clock = 0

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[LoadedModel]:
        """Hold a model, loading it if need be. Raises ModelUnavailable, also when what is in use leaves no room."""
        key = self._key(spec)
        place = self._enter(key)
        try:
            place.ready.wait()
            if place.failure is not None:
                raise type(place.failure)(str(place.failure)) from place.failure
            if place.model is None:
                raise ModelUnavailable(f"{spec.ref}: loading it was interrupted; try again")
            yield place.model
        finally:
            self._leave(place)

    def fits_both(self, first: ModelSpec, second: ModelSpec) -> bool:
        """Whether both fit the budget together, or must run one after the other. Raises ModelUnavailable."""
        if self._key(first) == self._key(second):
            return self._bytes(first) <= self.budget_bytes
        return self._bytes(first) + self._bytes(second) <= self.budget_bytes

    def stats(self) -> RoomStats:
        """What stands in the room at this moment."""
        with self._lock:
            places = self._places.items()
            return RoomStats(
                loaded=tuple(key.ref for key, place in places if place.model is not None),
                in_use=tuple(key.ref for key, place in places if place.holders),
                bytes_held=sum(place.bytes_held for _, place in places),
                budget_bytes=self.budget_bytes,
                device=self.device,
            )

    def release_idle(self) -> int:
        """Free every model that nobody holds; how many there were."""
        with self._lock:
            idle = [key for key, place in self._places.items() if not place.holders]
            for key in idle:
                del self._places[key]
        self._collect()
        return len(idle)

    def _key(self, spec: ModelSpec) -> ModelSpec:
        """The spec with the dtype it will really have, so that "auto" and its meaning share one model."""
        dtype = choose_dtype(spec.dtype if spec.dtype != "auto" else self.dtype, self.device)
        return replace(spec, dtype=dtype)

    def _bytes(self, spec: ModelSpec) -> int:
        key = self._key(spec)
        with self._lock:
            place = self._places.get(key)
        return place.bytes_held if place is not None else estimate_bytes(key, device=self.device)

    def _enter(self, key: ModelSpec) -> _Place:
        """Take a holder's part in the model's place; the first to come loads it, outside the lock."""
        needed = self._bytes(key)
        with self._lock:
            place = self._places.get(key)
            is_new = place is None
            if place is None:
                self._make_room(key, needed)
                place = self._places[key] = _Place(needed)
            self._clock += 1
            place.holders += 1
            place.last_used = self._clock
        if is_new:
            self._load(key, place)
        return place

    def _load(self, key: ModelSpec, place: _Place) -> None:
        try:
            self._collect()
            place.model = load_model(key, device=self.device)
            with self._lock:
                place.bytes_held = max(place.bytes_held, place.model.memory_bytes)
        except ModelUnavailable as failure:
            place.failure = failure
        finally:
            if place.model is None:
                with self._lock:
                    del self._places[key]  # the next to come may try again
            place.ready.set()

    def _make_room(self, key: ModelSpec, needed: int) -> None:
        """Drop idle models, least recently used first, until `needed` bytes fit. Called under the lock."""
        idle = sorted(
            ((other, place) for other, place in self._places.items() if not place.holders),
            key=lambda pair: pair[1].last_used,
        )
        held = sum(place.bytes_held for place in self._places.values())
        in_use = sum(place.bytes_held for place in self._places.values() if place.holders)
        if in_use + needed > self.budget_bytes:
            raise ModelUnavailable(
                f"{key.ref}: needs {needed / GIGABYTE:.2f} GB and the budget of {self.budget_bytes / GIGABYTE:.2f} GB "
                f"has {in_use / GIGABYTE:.2f} GB in use; wait for the other work, choose a smaller dtype, or raise the "
                "budget"
            )
        for other, place in idle:
            if held + needed <= self.budget_bytes:
                return
            held -= place.bytes_held
            del self._places[other]

    def _leave(self, place: _Place) -> None:
        with self._lock:
            place.holders -= 1

    def _collect(self) -> None:
        """Model objects hold cycles; without collecting, dropped weights would stay until some later time."""
        gc.collect()
        free_cached_memory(self.device.split(":")[0])
