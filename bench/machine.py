"""The machine as a reader must know it: processor, cores, memory, versions. No names, no paths."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from bench.tools import THREADS, TOOLS, environment_of


def describe() -> dict[str, Any]:
    """Of this machine, now."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "vector_units": _vector_units(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "threads": THREADS,
        "load_before": round(os.getloadavg()[0], 2),
    }


def measured_rates() -> dict[str, Any]:
    """float32 FLOP/s of matrix products with the threads of the benchmark, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.workers.matmul"],
        cwd=ROOT,
        env=environment_of(TOOLS["tare"]),
        check=True,
        capture_output=True,
        text=True,
    )
    rates: dict[str, Any] = json.loads(done.stdout)
    return rates


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return found.stdout.strip()


def _field(path: Path, name: str) -> str | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)


def _vector_units() -> list[str]:
    flags = (_field(Path("/proc/cpuinfo"), "flags") or "").split()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
