"""The room where models stand: loaded once, shared by everybody in the process, freed when memory is needed.

A model that somebody holds open is never freed; of the idle ones the least recently used goes first. An adapter stands
on its base's device, shares its weights and holds it. Models of one device compute one after the other
(engine/turns.py), those of two devices at the same time; which device a model goes to is placing.py's part.
"""

import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from scoring.engine.plain import free_cached_memory
from scoring.errors import ModelUnavailable
from scoring.memory import GIGABYTE, all_devices, budget_bytes_of
from scoring.models import (
    LoadedModel,
    choose_device,
    choose_dtype,
    estimate_bytes,
    load_adapter,
    load_model,
    read_tokenizer,
)
from scoring.pairs import DType, ModelSpec
from scoring.placing import DeviceLoad, choose_device_for
from scoring.protocol import OpenModel
from scoring.server.model import open_served


@dataclass(eq=False)
class _Place:
    """One model's place. `model` is None while it loads; `ready` opens when it is loaded or has failed."""

    bytes_held: int
    slot: int  # which of the room's devices
    holders: int = 0
    last_used: int = 0
    model: LoadedModel | None = None
    failure: ModelUnavailable | None = None
    ready: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class RoomStats:
    """What stands in the room. Bytes are weights as loaded; a base counts once, whatever stands over it."""

    loaded: tuple[str, ...]
    in_use: tuple[str, ...]
    bytes_held: int
    budget_bytes: int
    device: str  # all of them, "cuda:0, cuda:1"
    placed: tuple[tuple[str, str], ...]  # (model, its device)


class ModelRoom:
    """A `ModelSource` over one or several devices of a kind, each with a memory budget.

    budget_bytes: of each device; None: 70 % of what is free on it now. devices: "cuda:0", "cuda:1", ...; None: the one
    that `device` names, and with "auto" every CUDA device there is.
    """

    def __init__(
        self,
        budget_bytes: int | None = None,
        *,
        device: str = "auto",
        devices: Sequence[str] | None = None,
        dtype: DType = "auto",
    ) -> None:
        self.devices = tuple(choose_device(each) for each in devices or all_devices(device))
        if len({each.split(":")[0] for each in self.devices}) > 1:
            raise ModelUnavailable(f"the devices {', '.join(self.devices)} are of several kinds; name one kind")
        self.device = self.devices[0]
        self.dtype = dtype
        self._budgets = [budget_bytes_of(self.devices, each) if budget_bytes is None else budget_bytes
                         for each in self.devices]  # fmt: skip
        self._lock = threading.Lock()
        self._places: dict[ModelSpec, _Place] = {}
        self._clock = 0

    @property
    def budget_bytes(self) -> int:
        """Of all devices together."""
        return sum(self._budgets)

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[OpenModel]:
        """Hold a model, loading it if need be. Raises ModelUnavailable, also when what is in use leaves no room."""
        if spec.url is not None:  # stands at its server, which is asked anew each time what it serves
            yield open_served(spec)
            return
        key = self._key(spec)
        if key.adapter is None:
            with self._hold(key) as model:
                yield model
        else:
            with self._hold(base_of(key), beside=self._bytes(key)), self._hold(key) as model:
                yield model

    def tokenizer(self, spec: ModelSpec) -> Any:
        """A model's tokenizer, for its chat template; loads no weights. Raises ModelUnavailable."""
        if spec.url is not None:
            return open_served(spec).tokenizer
        with self._lock:
            place = self._places.get(self._key(spec))
        return place.model.tokenizer if place is not None and place.model is not None else read_tokenizer(spec)

    def fits_both(self, first: ModelSpec, second: ModelSpec) -> bool:
        """Whether both fit the devices together, or must run one after the other. Raises ModelUnavailable."""
        parts = [self._parts(self._key(spec)) for spec in (first, second) if spec.url is None]
        with self._lock:
            loads = [replace(load, in_use=0) for load in self._loads()]
            stands = {key: place.slot for key, place in self._places.items()}
        counted: set[ModelSpec] = set()
        for part in parts:
            needed = sum(size for key, size in part.items() if key not in counted)
            slot = stands.get(next(iter(part)))
            slot = choose_device_for(needed, loads) if slot is None else slot
            if slot is None or not loads[slot].can_take(needed):
                return False
            loads[slot] = replace(loads[slot], in_use=loads[slot].in_use + needed)
            stands |= dict.fromkeys(part, slot)
            counted |= part.keys()
        return True

    def stats(self) -> RoomStats:
        """What stands in the room at this moment."""
        with self._lock:
            places = self._places.items()
            loaded = [(key.label, place) for key, place in places if place.model is not None]
            return RoomStats(
                loaded=tuple(label for label, _ in loaded),
                in_use=tuple(key.label for key, place in places if place.holders),
                bytes_held=sum(place.bytes_held for _, place in places),
                budget_bytes=self.budget_bytes,
                device=", ".join(self.devices),
                placed=tuple((label, self.devices[place.slot]) for label, place in loaded),
            )

    def release_idle(self) -> int:
        """Free every model that nobody holds; how many there were."""
        with self._lock:
            idle = [self._places.pop(key) for key, place in list(self._places.items()) if not place.holders]
        self._give_back(idle)
        return len(idle)

    def _key(self, spec: ModelSpec) -> ModelSpec:
        """The spec with the dtype it will really have, so that "auto" and its meaning share one model."""
        dtype = choose_dtype(spec.dtype if spec.dtype != "auto" else self.dtype, self.device, spec=spec)
        return replace(spec, dtype=dtype)

    def _parts(self, key: ModelSpec) -> dict[ModelSpec, int]:
        """What must stand for the model: its base first, then its adapter; with their bytes."""
        base = base_of(key)
        return {base: self._bytes(base)} | ({key: self._bytes(key)} if key != base else {})

    def _bytes(self, key: ModelSpec) -> int:
        with self._lock:
            place = self._places.get(key)
        return place.bytes_held if place is not None else estimate_bytes(key, device=self.device)

    def _loads(self) -> list[DeviceLoad]:
        """Every device as it stands. Called under the lock."""
        return [
            DeviceLoad(
                device,
                self._budgets[slot],
                sum(place.bytes_held for place in self._places.values() if place.slot == slot),
                sum(place.bytes_held for place in self._places.values() if place.slot == slot and place.holders),
            )
            for slot, device in enumerate(self.devices)
        ]

    @contextmanager
    def _hold(self, key: ModelSpec, *, beside: int = 0) -> Iterator[LoadedModel]:
        """A holder's part in one place. beside: bytes that are to come to the same device next."""
        place = self._enter(key, beside)
        try:
            place.ready.wait()
            if place.failure is not None:
                raise type(place.failure)(str(place.failure)) from place.failure
            if place.model is None:
                raise ModelUnavailable(f"{key.label}: loading it was interrupted; try again")
            yield place.model
        finally:
            with self._lock:
                place.holders -= 1

    def _enter(self, key: ModelSpec, beside: int) -> _Place:
        """Take a holder's part in the model's place; the first to come loads it, outside the lock."""
        needed = self._bytes(key)
        dropped: list[_Place] = []
        with self._lock:
            place = self._places.get(key)
            is_new = place is None
            if place is None:
                slot = self._slot_for(key, needed + beside)
                dropped = self._make_room(slot, needed + beside)
                place = self._places[key] = _Place(needed, slot)
            self._clock += 2
            place.holders += 1
            place.last_used = self._clock
            if key.adapter is not None:  # an adapter goes before its base
                self._places[base_of(key)].last_used = self._clock + 1
        if is_new:
            self._load(key, place, dropped)
        return place

    def _slot_for(self, key: ModelSpec, needed: int) -> int:
        """The device for a model to come. Called under the lock."""
        loads = self._loads()
        slot: int | None = self._places[base_of(key)].slot if key.adapter else choose_device_for(needed, loads)
        if slot is None or not loads[slot].can_take(needed):
            load = max(loads, key=lambda each: each.budget - each.in_use) if slot is None else loads[slot]
            raise ModelUnavailable(
                f"{key.label}: needs {needed / GIGABYTE:.2f} GB and the budget of {load.budget / GIGABYTE:.2f} GB on "
                f"{load.device} has {load.in_use / GIGABYTE:.2f} GB in use; wait for the other work, choose a smaller "
                "dtype, or raise the budget"
            )
        return slot

    def _make_room(self, slot: int, needed: int) -> list[_Place]:
        """Drop a device's idle models, least recently used first, until `needed` bytes fit. Called under the lock."""
        idle = [(key, place) for key, place in self._places.items() if place.slot == slot and not place.holders]
        excess = needed - self._budgets[slot] + self._loads()[slot].held
        dropped: list[_Place] = []
        for key, _ in sorted(idle, key=lambda pair: pair[1].last_used):
            if excess <= 0:
                break
            for other in [each for each in self._places if key in (each, base_of(each))]:  # a base with its adapters
                dropped.append(self._places.pop(other))
                excess -= dropped[-1].bytes_held
        return dropped

    def _load(self, key: ModelSpec, place: _Place, dropped: list[_Place]) -> None:
        try:
            self._give_back(dropped)
            if key.adapter is None:
                place.model = load_model(key, device=self.devices[place.slot])
            else:
                place.model = self._load_adapter(key)
            with self._lock:
                place.bytes_held = max(place.bytes_held, place.model.memory_bytes)
        except ModelUnavailable as failure:
            place.failure = failure
        finally:
            if place.model is None:
                with self._lock:
                    del self._places[key]  # the next to come may try again
            place.ready.set()

    def _load_adapter(self, key: ModelSpec) -> LoadedModel:
        """Over its base, which the caller holds open. Idle adapters that want the same modules otherwise make way."""
        with self._lock:
            base = self._places[base_of(key)].model
        if base is None:
            raise ModelUnavailable(f"{key.label}: its base is gone; try again")
        try:
            return load_adapter(key, base)
        except ModelUnavailable:
            with self._lock:
                others = [each for each in self._places if each.adapter and base_of(each) == base_of(key)]
                idle = [self._places.pop(each) for each in others if not self._places[each].holders]
            if not idle:
                raise
        self._give_back(idle)
        return load_adapter(key, base)

    def _give_back(self, dropped: Sequence[_Place]) -> None:
        """Free what was dropped. Model objects hold cycles; without collecting, their weights would stay for a time."""
        for place in dropped:
            if place.model is not None:
                place.model.close()
                place.model = None
        gc.collect()
        free_cached_memory(self.device.split(":")[0])


def base_of(key: ModelSpec) -> ModelSpec:
    """The model without its adapter; itself when it has none."""
    return replace(key, adapter=None, adapter_revision=None)
