"""How much memory a device has left, in bytes, and how much a model's weights take.

Asks the system and torch; decides nothing (models.py refuses, room.py evicts). Torch is imported only for devices that
are its own, so that a screen can ask for the host's memory before torch is loaded.
"""

import os
from collections.abc import Sequence
from pathlib import Path

ITEM_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
GIGABYTE = 10**9
# Of the memory that is free when a room is made; the rest is for the forwards and everything else.
BUDGET_SHARE = 0.7
# Beside the weights a forward needs room for activations and logits.
WORKING_SHARE = 0.1


def weight_bytes(parameters: int, dtype: str) -> int:
    """Bytes of the weights in a compute dtype."""
    return parameters * ITEM_BYTES[dtype]


def needed_bytes(parameters: int, dtype: str) -> int:
    """Bytes to have free before loading: the weights and a tenth for the work."""
    return int(weight_bytes(parameters, dtype) * (1 + WORKING_SHARE))


def available_bytes(device: str) -> int:
    """Bytes that can still be allocated on the device."""
    kind = device.split(":")[0]
    if kind not in ("cuda", "mps"):
        return _available_on_host()
    import torch

    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return free + cached
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


def all_devices(wanted: str) -> tuple[str, ...]:
    """The devices to use: with "auto" or "cuda" every CUDA device there is, else the one that is wanted."""
    import torch

    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))
    return (wanted,)


def budget_bytes_of(devices: Sequence[str], device: str) -> int:
    """What models may take of one of the devices: a share of what is free. Of the host's memory each has its part."""
    sharing = 1 if device.startswith("cuda") else len(devices)
    return int(available_bytes(device) * BUDGET_SHARE) // sharing


def _available_on_host() -> int:
    """The smaller of what the kernel says is available and what the container's limit leaves."""
    limits = [_proc_available(), _cgroup_available()]
    known = [limit for limit in limits if limit is not None]
    if known:
        return min(known)
    # macOS: no figure of what is free without help; half the machine is a careful guess.
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _proc_available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(found.split()[1]) * 1024 if found else None


def _cgroup_available() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        # Cached file pages count as used but are given up on demand.
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(0, int(limit) - used + int(statistics.get("inactive_file", 0)))
