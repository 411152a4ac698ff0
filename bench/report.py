"""docs/benchmarks.md and its picture, written from bench/results/*.json: `python -m bench.report`.

Measures nothing and types no figure by hand. What was not measured is said to be missing.
"""

import json
from pathlib import Path
from typing import Any

from bench.cases import CASES
from bench.files import RESULTS
from bench.picture import growth_picture
from bench.report_sections import desk, exactness, gpu, growth, limit, machine, settings, speed

DOCS = Path(__file__).resolve().parent.parent / "docs"
INTRO = """# Benchmarks

Tare's engine against public packages on the one heavy computation of the product: the log-probabilities of N candidates
of a prompt under two models. `make bench` measures everything on this page anew and writes the page from
`bench/results/*.json`; no figure here is typed by hand.
"""
METHOD = """## How it is measured

- One orchestrator starts one process a tool and case, each in the tool's own environment with exact pins
  (`bench/requirements/`). A process loads both models once, which is not counted, does a whole run to warm up, and then
  weighs when told: Tare, rival, rival, Tare, rival, ... so that all meet the same machine. Figures are medians.
- Every tool gets the same token ids, float32, and the same number of threads. The clock runs from token ids to one
  float a response. Both models of the pair are weighed; vLLM holds one model a process, so its two times are added.
  Tare's two models compute side by side, as in its runs, each on half of the threads; the others' one after the other.
- Every tool runs with the best of a few settings, found in a short calibration of each case on the strong model
  (below), except where the comparison names one. Nothing is truncated. rewardbench weighs N candidates as N/2 pairs.
  lm_eval's automatic batch size is tried once, held at 8: on a CPU it would otherwise grow until memory is gone. vLLM
  runs in process, is tried eager and compiled, with Intel's OpenMP preloaded as its
  manual asks (and tcmalloc where the system has it).
- What Tare keeps of shared criteria between items is forgotten before every run: each run is cold.
- Before each run the process does a tiny one, not timed: while it waited for the others, the system may have taken
  pages of its weights back.
- Peak memory is the highest resident memory during the first full run of a fresh process, minus what was resident after
  loading and one tiny run. It counts what the run needs beside the weights.
- In the case of shared criteria a rival's run takes minutes. There run k of a rival weighs the k-th tenth of the items
  and its time is multiplied by ten (it shares nothing between items); Tare always weighs all of them.
- Differences are against a float64 plain loop: one unpadded sequence at a time, nothing shared. rewardbench and lm_eval
  tell sums only, so they have no difference per token.
- The models are Llamas of 56 million parameters with random weights: 8 layers, hidden 512, 8 heads and 4 KV heads,
  intermediate 1408, vocabulary 32,000 untied. Responses have 64 to 256 tokens. Weak is strong with a tenth of noise.

One case, some tools: `python -m bench.run --case n8_p512 --tools tare,rewardbench --runs 5`.
"""


def page(results: dict[str, Any]) -> str:
    """The whole page; `results` maps a file's stem to what it holds."""
    cases = [results[name] for name in CASES if name in results]
    missing = [name for name in CASES if name not in results]
    parts = [INTRO, machine(results.get("machine") if cases else None), speed(cases, missing), exactness(cases)]
    parts += [limit(cases, results.get("machine")), desk(results.get("desk")), growth(results.get("growth"))]
    parts += [gpu([found for name, found in sorted(results.items()) if name.startswith("gpu")]), METHOD]
    parts.append(settings(cases))
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def main() -> None:
    """Write the page and the picture."""
    results = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    (DOCS / "benchmarks.md").write_text(page(results))
    if "growth" in results:
        (DOCS / "benchmarks-growth.svg").write_text(growth_picture(results["growth"]["points"]))


if __name__ == "__main__":
    main()
