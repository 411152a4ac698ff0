"""The pair map of the demo's models on the held-out set: bench/results/pair_map_demo.json, its picture and its page.

A database of its own in a temporary folder, the commands' own services, one process. Drawing is pair_map_picture.py's
part.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import machine
from bench.files import RESULTS, say, write
from bench.pair_map_picture import map_picture
from bench.processes import ROOT
from services import workplace
from services.demo import DEMO_FOLDER, DEMO_MODELS
from services.imports.files import import_file
from services.pair_map.pick import pick
from services.pair_map.read import read_map
from services.weighing.models import weigh_models

CRITERIA = "demo"
PAGE = ROOT / "docs" / "pair-map.md"
BEGIN, END = "<!-- numbers: python -m bench.pair_map -->", "<!-- end of numbers -->"


def measure(folder: Path) -> dict[str, Any]:
    """Weigh the held-out set with every model of the demo and read the map."""
    sessions = workplace.open_sessions(f"sqlite:///{folder / 'map.db'}")
    dataset_id = import_file(sessions, DEMO_FOLDER / "holdout.jsonl", name="demo-holdout").dataset_id
    names = [path for _, path in DEMO_MODELS]
    room = workplace.model_room()
    began = time.monotonic()
    weighed = weigh_models(
        sessions, room, dataset_id=dataset_id, names=names, criteria=CRITERIA, is_hidden=True,
        on_progress=lambda title, done, of: say(f"{title}: {done} of {of}"),
    )  # fmt: skip
    weighing_s, began = time.monotonic() - began, time.monotonic()
    data = read_map(sessions, dataset_id=dataset_id, names=names, criteria=CRITERIA)
    reading_s, began = time.monotonic() - began, time.monotonic()
    ranking = pick(data)
    return {
        "weighing_s": weighing_s,
        "reading_s": reading_s,
        "picking_s": time.monotonic() - began,
        "passes": weighed.to_json()["models"],
        "map": data.map.to_json(),
        "pick": ranking.to_json(),
        "machine": machine.describe(),
    }


def numbers(found: dict[str, Any]) -> str:
    """The page's tables, from the results."""
    shown, ranking = found["map"], found["pick"]
    models = sorted(shown["models"], key=lambda model: -model["performance"])
    rows = [
        f"| {model['name']} | {_share(model['alone_sum'])} | {_share(model['alone_mean'])} | "
        f"{1000 * model['cost']['elapsed_s'] / model['cost']['n_computed']:.1f} |"
        for model in models
    ]
    pairs = [
        f"| {one['strong']} over {one['weak']} | {_share(one['accuracy'])} | {_behind(one)} |"
        for one in ranking["ranked"][:8]
    ]
    baselines = [f"| {name} | {_share(share)} | |" for name, share in shown["baselines"].items()]
    made = found["machine"]
    return "\n".join(
        [
            f"Measured on {made['measured_on']}, {made['processor']}, {made['cores']} cores "
            f"(load {made['load_before']}): {shown['n']} of {shown['n_items']} items count, {len(models)} models, "
            f"{len(shown['pairs'])} pairs. Weighing all took {found['weighing_s']:.0f} s, reading the map "
            f"{found['reading_s']:.1f} s.",
            "",
            _correlation("Pearson", shown["pearson"]),
            _correlation("Spearman", shown["spearman"]),
            _upward(shown["pearson_upward"]),
            "",
            "| model alone | right by sum (95 %) | right by mean (95 %) | seconds for 1,000 responses |",
            "|---|---|---|---|",
            *rows,
            "",
            "| pair, best first | right (95 %) | points behind the best (95 %, paired) |",
            "|---|---|---|",
            *pairs,
            *baselines,
        ]
    )


def _share(share: dict[str, Any]) -> str:
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f} to {100 * share['high']:.1f})"


def _behind(one: dict[str, Any]) -> str:
    behind = one["behind"]
    if behind is None:
        return "the best"
    span = f"{100 * behind['value']:.1f} ({100 * behind['low']:.1f} to {100 * behind['high']:.1f})"
    return f"{span}, noise" if one["is_as_good"] else span


def _correlation(name: str, found: dict[str, Any]) -> str:
    naive = found["as_if_independent"]
    p_value = "below 0.001" if found["p_value"] < 0.001 else f"= {found['p_value']:.3f}"
    return (
        f"- Gap against accuracy, {name}: **{found['value']:+.2f}**, 95 % interval {found['low']:+.2f} to "
        f"{found['high']:+.2f} over models, p {p_value} (as if the {found['n_pairs']} pairs were independent: "
        f"{naive['low']:+.2f} to {naive['high']:+.2f})."
    )


def _upward(found: dict[str, Any]) -> str:
    return (
        f"- Only the {found['n_pairs']} pairs whose strong model is the better one, Pearson: "
        f"**{found['value']:+.2f}**, 95 % interval {found['low']:+.2f} to {found['high']:+.2f} over models."
    )


def write_docs(found: dict[str, Any]) -> None:
    """The picture, and the numbers between their marks in the page."""
    (ROOT / "docs" / "pair-map.svg").write_text(map_picture(found["map"]), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{numbers(found)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write, or write the picture and the page again from what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true", help="measure nothing: draw from the results")
    if not parser.parse_args().draw:
        with tempfile.TemporaryDirectory() as folder:
            write("pair_map_demo", measure(Path(folder)))
    write_docs(json.loads((RESULTS / "pair_map_demo.json").read_text()))


if __name__ == "__main__":
    main()
