"""What this machine's processor can do, without importing torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86 matrices, Arm


@cache
def has_bfloat16(cpu_info: Path = CPU_INFO) -> bool | None:
    """Whether the CPU multiplies bfloat16 itself; None where that cannot be read (no Linux)."""
    try:
        text = cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    flags = next((line for line in text.splitlines() if line.lower().startswith(("flags", "features"))), "")
    return bool(BF16_FLAGS & set(flags.lower().split()))
