"""The sections of docs/benchmarks.md: results in, Markdown out. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.exactness import RESPONSE_LIMIT, TOKEN_LIMIT
from bench.flops import floor_seconds, plain_flops

OURS = "tare"
ENOUGH_RUNS = 5
MODELS_OF_A_PAIR = 2
COMPUTED_LIMIT, RATE_AIM = 1.02, 0.6
STEP_NAMES = {"first": "weighed first", "again": "weighed again", "other_weak": "another weak model"}


def machine(about: Mapping[str, Any] | None) -> str:
    """What it ran on."""
    if about is None:
        return ""
    rates = about["matmul"]
    by_kernel = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in rates["square_by_kernel"].items())
    return (
        f"Machine: {about['processor']}, {about['cores']} cores ({', '.join(about['vector_units'])}), "
        f"{about['memory_gb']} GB, {about['system']}, Python {about['python']}; {about['threads']} threads. It "
        f"multiplies large square float32 matrices at {rates['square'] / 1e9:.0f} GFLOP/s ({by_kernel}). "
        f"Measured on {about['measured_on']}.\n"
    )


def speed(cases: Sequence[Mapping[str, Any]], missing: Sequence[str]) -> str:
    """The headline table."""
    head = ("case", "against", "Tare, s", "rival, s", "faster", "asked", "Tare, MB", "rival, MB", "memory", "asked")
    rows = [row for case in cases for row in _speed_rows(case)]
    notes = [f"Not measured: {', '.join(missing)}."] if missing and cases else []
    few = [case["case"] for case in cases if _fewest_runs(case) < ENOUGH_RUNS]
    if few:
        notes.append(f"**Smoke test only, fewer than {ENOUGH_RUNS} runs: {', '.join(few)}.**")
    return "## Speed and memory\n\n" + "\n\n".join([*notes, _table(head, rows)]) + "\n"


def _speed_rows(case: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    ours = case["tools"].get(OURS, {})
    for name in [name for name in case["tools"] if name != OURS]:
        rival = case["tools"][name]
        asked = case["targets"].get(name, {})
        title = f"{rival.get('title', name)} {_setting(rival.get('setting', {}))}".strip()
        if "failed" in rival or "failed" in ours:
            yield (case["title"], title, *["-"] * 7, str(rival.get("failed") or ours.get("failed")))
            continue
        faster = rival["median_s"] / ours["median_s"]
        share = rival["peak_bytes"] / max(ours["peak_bytes"], 1)
        wanted, memory = asked.get("at_least"), asked.get("memory_share")
        yield (
            case["title"], title, f"{ours['median_s']:.2f}", f"{rival['median_s']:.2f}",
            f"**{faster:.1f}x**", _asked(f"{wanted}x", faster >= wanted) if wanted else "-",
            f"{ours['peak_bytes'] / 1e6:.0f}", f"{rival['peak_bytes'] / 1e6:.0f}", f"1/{share:.1f}",
            _asked(f"1/{1 / memory:.0f}", share >= 1 / memory) + _at_default(ours, rival) if memory else "-",
        )  # fmt: skip


def _at_default(ours: Mapping[str, Any], rival: Mapping[str, Any]) -> str:
    """The memory of the setting the package comes with, where the fastest is another one."""
    peak = rival.get("default_peak_bytes")
    if not peak:
        return ""
    return f"; at its default batch {peak / 1e6:.0f} MB, 1/{peak / max(ours['peak_bytes'], 1):.1f}"


def _asked(figure: str, is_reached: bool) -> str:
    return figure if is_reached else f"{figure} (missed)"


def exactness(cases: Sequence[Mapping[str, Any]]) -> str:
    """How near the truth each tool is."""
    head = (
        "case",
        "tool",
        "per token",
        "per response",
        "responses checked",
        "same best candidate",
        "same bits each run",
    )
    rows = []
    for case in cases:
        for name, tool in case["tools"].items():
            found = tool.get("exactness")
            if not found:
                continue
            token = "-" if found["per_token"] is None else f"{found['per_token']:.1e}"
            repeat = {True: "yes", False: "no", None: "-"}[tool.get("is_repeatable")]
            rows.append((
                case["title"], tool.get("title", name), token, f"{found['per_response']:.1e}",
                str(found["n_responses"]), f"{found['same_best']} of {found['n_items']}", repeat,
            ))  # fmt: skip
    text = (
        "## Exactness\n\nLargest difference from a float64 plain loop, in nats, over both models. Asked of Tare: at "
        f"most {TOKEN_LIMIT:g} per token and {RESPONSE_LIMIT:g} per response, and the same best candidate.\n\n"
    )
    return text + _table(head, rows) + "\n"


def limit(cases: Sequence[Mapping[str, Any]], about: Mapping[str, Any] | None) -> str:
    """How far the engine is from what the computation must cost."""
    head = (
        "case", "tokens asked for", "distinct", "computed", "computed / distinct", "GFLOP", "plain loop, GFLOP",
        "share of square matmul rate", "share of own-shape rate",
    )  # fmt: skip
    rows = []
    for case in cases:
        ours = case["tools"].get(OURS, {})
        if "median_s" not in ours:
            continue
        work, rates = case["work"], case["machine"]["matmul"]
        floors = floor_seconds(work["flops"], work["config"], rates)
        computed = (ours["computed_tokens"] or 0) / MODELS_OF_A_PAIR
        gflop = MODELS_OF_A_PAIR * sum(work["flops"].values()) / 1e9
        plain = MODELS_OF_A_PAIR * plain_flops(work["logical_tokens"], work["config"]) / 1e9
        shares = [MODELS_OF_A_PAIR * floors[kind] / ours["median_s"] for kind in ("square", "own")]
        rows.append((
            case["title"], f"{work['logical_tokens']:,}", f"{work['distinct_tokens']:,}", f"{computed:,.0f}",
            f"{computed / work['distinct_tokens']:.3f}", f"{gflop:,.0f}", f"{plain:,.0f}",
            *(f"{share:.2f}" for share in shares),
        ))  # fmt: skip
    text = (
        "## The limit\n\nTokens are per model. Distinct tokens are the nodes of the prefix trie; computed ones are "
        "counted where they enter the first layer, padding included (the last token of a response is distinct but need "
        "not be computed: it predicts nothing). FLOPs are those of computing every distinct token once under both "
        "models, the output head on response rows only, attention over what each token sees. The plain loop computes "
        "every candidate whole and the logits of every token (attention not counted): the ratio of the two is what "
        "sharing saves, and a rival that multiplies as fast as Tare cannot lose by more. The shares compare Tare's "
        "time with the time these FLOPs take at this machine's measured matmul rate (the better of the two libraries "
        "torch has for it): of large square matrices, and of "
        f"the model's own shapes. Asked: computed / distinct at most {COMPUTED_LIMIT}; aim: a share of {RATE_AIM}.\n\n"
    )
    return text + _table(head, rows) + "\n"


def desk(found: Mapping[str, Any] | None) -> str:
    """Weighing again, and with another weak model."""
    if found is None:
        return "## Weighing again\n\nNot measured.\n"
    head = ("what", "forwards", "tokens computed", "responses computed", "found in the cache", "median, s")
    rows = [
        (
            STEP_NAMES[step], str(one["forwards"]), f"{one['tokens']:,}", str(one["n_computed"]), str(one["n_cached"]),
            f"{one['median_s']:.3f}",
        )
        for step, one in found["steps"].items()
    ]  # fmt: skip
    text = (
        "## Weighing again\n\nThe product's own path, from texts to rewards in a SQLite database, N=8 and a prompt of "
        "512 tokens. Forwards and tokens are counted at the models' first layer.\n\n"
    )
    return text + _table(head, rows) + "\n"


def growth(found: Mapping[str, Any] | None) -> str:
    """Time and memory from 100 to 10,000 items."""
    if found is None:
        return "## Growth\n\nNot measured.\n"
    head = ("items", "responses", "distinct tokens", "computed", "median, s", "distinct tokens a second", "peak, MB")
    rows = [
        (
            f"{one['items']:,}", f"{one['responses']:,}", f"{one['distinct_tokens']:,}", f"{one['computed_tokens']:,}",
            f"{one['median_s']:.2f}", f"{one['distinct_tokens'] / one['median_s']:,.0f}",
            f"{one['peak_bytes'] / 1e6:.0f}",
        )
        for one in found["points"]
    ]  # fmt: skip
    text = (
        "## Growth\n\n![Time and peak memory against distinct tokens](benchmarks-growth.svg)\n\nOne model of "
        f"{found['points'][0]['parameters'] / 1e6:.1f} million parameters, items of five domains with two responses "
        "each, weighed chunk by chunk as a run does; the dashed line is exact proportion. The slope of "
        f"log time over log distinct tokens is {found['fit']['slope']:.2f} (1 is linear).\n\n"
    )
    return text + _table(head, rows) + "\n"


def gpu(found: Sequence[Mapping[str, Any]]) -> str:
    """What a CUDA machine measured, once there was one."""
    real = [one for one in found if one["device"].startswith("cuda")]
    if not real:
        return (
            "## GPU\n\nFigures of a GPU are still to come: no CUDA machine was at hand. `python -m bench.gpu` measures "
            "them there with one command (random weights in the shape of Llama-3.1-8B and Mistral-7B, bf16) and writes "
            "`bench/results/gpu.json`; here it was only run on a CPU with a tiny shape, to see that it works.\n"
        )
    head = ("model", "N", "tool", "responses/s", "tokens/s asked for", "tokens/s computed", "MFU", "peak, GB")
    rows = [
        (
            one["shape"], str(one["n"]), tool["title"], f"{tool['responses_per_s']:.1f}",
            f"{tool['logical_per_s']:,.0f}",
            f"{tool['computed_per_s']:,.0f}" if tool["computed_per_s"] else "-",
            f"{tool['mfu']:.2f}" if tool["mfu"] else "-", f"{tool['peak_gb']:.1f}" if tool["peak_gb"] else "-",
        )
        for machine_found in real
        for one in machine_found["cases"]
        for tool in one["tools"]
        if "failed" not in tool
    ]  # fmt: skip
    return f"## GPU\n\n{real[0]['device_name']}, bf16.\n\n" + _table(head, rows) + "\n"


def settings(cases: Sequence[Mapping[str, Any]]) -> str:
    """What was tried in the calibrations, and which versions ran."""
    head = ("case", "tool", "versions", "tried: seconds under the strong model", "chosen")
    rows = []
    for case in cases:
        for name, tool in case["tools"].items():
            if "failed" in tool:
                continue
            tried = ", ".join(f"{_setting(one['setting'])} {_seconds(one)}" for one in tool["tried"])
            pairs = f" (first {2 * tool['tried_pairs']} responses)" if tried else ""
            versions = ", ".join(f"{key} {value}" for key, value in tool["about"].items())
            rows.append((case["case"], name, versions, tried + pairs or "-", _setting(tool["setting"]) or "-"))
    return "## Settings and versions\n\n" + _table(head, rows) + "\n"


def _seconds(one: Mapping[str, Any]) -> str:
    return "failed" if one["seconds"] is None else f"{one['seconds']:.2f}"


def _setting(setting: Mapping[str, Any]) -> str:
    """`{"pairs": 4}` becomes "pairs 4"; the path is in the tool's title already."""
    shown = {key: value for key, value in setting.items() if key != "path"}
    return ", ".join(f"{key.replace('_', ' ')} {json.dumps(value).strip(chr(34))}" for key, value in shown.items())


def _fewest_runs(case: Mapping[str, Any]) -> int:
    return min((len(tool["seconds"]) for tool in case["tools"].values() if "seconds" in tool), default=0)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "Not measured."
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)
