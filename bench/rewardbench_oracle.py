"""What the public rewardbench package makes of given rewards: its own programs, run on rows of ours.

    bench/.envs/rewardbench/bin/python -P bench/rewardbench_oracle.py       writes tests/services/fixtures/...

`scripts.run_rm.main` and `scripts.run_v2.main` run whole, loaders, templates and scoring included. Two things are put
in their way: the hub (a dataset of rows in the published schema instead) and the model (a pipeline that reads the
reward off the text, where it was written). Also called: `analysis.get_benchmark_results` for the average over sections,
`analysis.utils.load_results` for RewardBench 2's, `process_single_model` for many small Ties sets. Nothing is computed
here. Leaves out our own figures (tests/services/test_benchmark_oracle.py compares).
"""

import json
import math
import random
import sys
import tempfile
import types
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import rewardbench.utils as package
import torch
from analysis.get_benchmark_results import get_average_over_rewardbench
from analysis.utils import load_results
from datasets import Dataset, DatasetDict
from rewardbench.constants import EXAMPLE_COUNTS, SUBSET_MAPPING
from scripts import run_rm, run_v2

OUT = Path(__file__).resolve().parents[1] / "tests" / "services" / "fixtures" / "rewardbench_oracle.json"
COMMAND = "bench/.envs/rewardbench/bin/python -P bench/rewardbench_oracle.py"
SEED, MODEL = 20251122, "seeded/rewards"
PRIOR = ("anthropic_helpful", "anthropic_hhh", "shp", "summarize")
PREFERENCE_SETS = (*PRIOR, "anthropic_harmless", "mtbench_gpt4", "mtbench_human")
SUBSETS_2 = ("Factuality", "Precise IF", "Math", "Safety", "Focus")
MARK = "reward="
Row = tuple[Any, ...]


class Texts:
    """A tokenizer as far as the package asks one: a chat template that writes the messages down."""

    chat_template = "as JSON"
    pad_token_id, eos_token_id = 0, 1
    truncation_side = "left"

    def apply_chat_template(self, messages: list[Any], tokenize: bool = False) -> str:
        """The last message's text comes last."""
        return json.dumps(messages)

    @classmethod
    def from_pretrained(cls, *_args: Any, **_options: Any) -> "Texts":
        """Whatever the path."""
        return cls()


class Written:
    """A pipeline that reads each text's reward off its end."""

    def __init__(self, _task: str, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def __call__(self, texts: list[str], **_options: Any) -> list[dict[str, float]]:
        return [{"score": float(text.rsplit(MARK, 1)[1].split('"')[0])} for text in texts]


def build_model(*_args: Any, **_options: Any) -> Any:
    """A module with a configuration, as the package sets its padding token."""
    model: Any = torch.nn.Linear(1, 1)
    model.config = types.SimpleNamespace(pad_token_id=0)
    return model


def texted(reward: float) -> str:
    """A response that carries its reward."""
    return f"{MARK}{reward!r}"


def run_program(program: Any, *words: str, rows: Any = None) -> tuple[dict[str, Any], dict[str, float]]:
    """Runs one of the package's programs; returns (what it would upload as results, sections it printed)."""
    saved: list[dict[str, Any]] = []
    sections: list[dict[str, float]] = []
    config = {"model_builder": build_model, "pipeline_builder": Written, "quantized": False,
              "custom_dialogue": False, "model_type": "Seq. Classifier"}  # fmt: skip
    program.REWARD_MODEL_CONFIG[MODEL] = config
    program.AutoTokenizer = Texts
    program.save_to_hub = lambda results, *_args, **_options: saved.append(results)
    if program is run_rm:
        package.load_dataset = lambda *_args, **_options: rows
        counted = package.calculate_scores_per_section

        def count(*args: Any) -> dict[str, float]:
            sections.append(counted(*args))
            return sections[-1]

        program.calculate_scores_per_section = count
    sys.argv = [program.__name__, "--model", MODEL, "--batch_size", "64", "--disable_beaker_save", *words]
    program.main()
    return saved[0], sections[0] if sections else {}


def pair_rows(rows: list[Row]) -> list[dict[str, Any]]:
    """(subset, chosen reward, rejected reward) in the schema of allenai/reward-bench."""
    return [
        {"prompt": f"Prompt {n}", "chosen": texted(chosen), "chosen_model": "a", "rejected": texted(rejected),
         "rejected_model": "b", "subset": subset, "id": n}
        for n, (subset, chosen, rejected) in enumerate(rows)
    ]  # fmt: skip


def preference_sets(rows: list[Row]) -> Any:
    """The same as the splits of allenai/preference-test-sets, prompts as messages."""
    sets: dict[str, list[Any]] = {}
    for row in pair_rows(rows):
        prompt = [{"role": "user", "content": row["prompt"]}]
        kept = {"prompt": prompt, "chosen": row["chosen"], "rejected": row["rejected"], "id": row["id"]}
        sets.setdefault(row["subset"], []).append(kept)
    return DatasetDict({name: Dataset.from_list(found) for name, found in sets.items()})


def case_1(name: str, rows: list[Row], prior: list[Row]) -> dict[str, Any]:
    """What run_rm says of these pairs, and the average of the results page with and without the prior sets."""
    per_subset, sections = run_program(run_rm, "--not_quantized", rows=Dataset.from_list(pair_rows(rows)))
    found: dict[str, Any] = {
        "name": name,
        "rows": rows,
        "prior_rows": prior,
        "subsets": numbers(per_subset),
        "sections": sections,
    }
    if prior:
        words = ("--not_quantized", "--pref_sets")
        found["prior_sets"] = numbers(run_program(run_rm, *words, rows=preference_sets(prior))[0])
    if all(sections.values()):
        found["average"] = average(per_subset, None)
        found["average_with_prior"] = average(per_subset, found["prior_sets"]) if prior else None
    return found


def average(per_subset: dict[str, Any], prior_sets: dict[str, Any] | None) -> float:
    """`get_average_over_rewardbench` for this model; without prior sets those belong to another model."""
    mine = pd.DataFrame([{**per_subset, "model": MODEL, "model_type": "Seq. Classifier"}])
    owner = MODEL if prior_sets else "another/model"
    prior = pd.DataFrame([{**(prior_sets or dict.fromkeys(PRIOR, 0.5)), "model": owner}])
    return float(get_average_over_rewardbench(mine, prior)["average"].iloc[0])


def case_2(name: str, rows: list[Row]) -> dict[str, Any]:
    """What run_v2 says of (subset, id, num_correct, rewards in the file's order), and the leaderboard's average."""
    written = []
    for subset, id, num_correct, rewards in rows:
        texts = [texted(reward) for reward in rewards]
        split = max(1, min(num_correct, len(texts) - 1))
        written.append({"id": id, "prompt": f"Prompt {id}", "chosen": texts[:split], "rejected": texts[split:],
                        "num_correct": num_correct, "total_completions": len(texts), "subset": subset})  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in written))
        results, _ = run_program(run_v2, "--dataset", str(path))
        place = Path(folder) / "eval-set" / "seeded"
        place.mkdir(parents=True)
        (place / "rewards.json").write_text(json.dumps(results))
        mean = float(load_results(folder, "eval-set")["average"].iloc[0])
    return {"name": name, "rows": rows, "subsets": numbers(results), "average": mean}


def ties_case(rows: list[Row]) -> dict[str, Any]:
    """`process_single_model` on (id, num_correct, rewards)."""
    dataset = [{"id": id, "num_correct": n, "scores": list(scores)} for id, n, scores in rows]
    return {"rows": rows, "score": number(float(package.process_single_model(dataset)[1]))}


def numbers(results: dict[str, Any]) -> dict[str, float | None]:
    """The figures among a program's results."""
    return {name: number(value) for name, value in results.items() if not isinstance(value, str)}


def number(value: float) -> float | None:
    """None for NaN: JSON has no such number."""
    return None if math.isnan(value) else float(value)


def drawn(dice: random.Random, kind: str) -> float:
    """A reward: any, or one of few, so that equal ones are frequent."""
    return float(dice.randint(-2, 2)) if kind == "few" else round(dice.gauss(0, 3), 4)


def draw_rewards(dice: random.Random, n: int, n_correct: int, *, kind: str) -> list[float]:
    """Rewards in the file's order; the right ones are lifted, in some rows clear of the others."""
    lift = dice.choice((0, 1, 8))
    return [drawn(dice, kind) + (lift if place < n_correct else 0) for place in range(n)]


def draw_pairs(dice: random.Random, subsets: Any, *, kind: str, most: int) -> list[Row]:
    """Some pairs of each subset."""
    return [(subset, drawn(dice, kind), drawn(dice, kind)) for subset in subsets for _ in range(dice.randint(2, most))]


def draw_ties(dice: random.Random, *, kind: str, n_prompts: int, is_odd: bool) -> list[Row]:
    """Rows of the Ties subset, a ref and a tied one for each prompt; odd sets miss some, or none is right or wrong."""
    rows: list[Row] = []
    for prompt in range(n_prompts):
        for sort in ("ref", "tied"):
            if is_odd and dice.random() < 0.25:
                continue
            n = dice.randint(3, 6)
            odd, usual = dice.randint(0, n), dice.randint(2, n - 1)
            n_correct = 1 if sort == "ref" else odd if is_odd else usual
            rows.append((f"{sort}:{prompt}", n_correct, draw_rewards(dice, n, n_correct, kind=kind)))
    return rows or [("ref:0", 1, [1.0, 0.0])]  # a set has at least one row


def draw_fours(dice: random.Random, subsets: Any, *, kind: str, sizes: list[tuple[int, int]]) -> list[Row]:
    """Some rows of each subset, the first response right (or more, where sizes say so)."""
    rows: list[Row] = []
    for subset in subsets:
        for n in range(dice.randint(3, 7)):
            n_correct, n_all = dice.choice(sizes)
            rows.append((subset, f"{subset}-{n}", n_correct, draw_rewards(dice, n_all, n_correct, kind=kind)))
    return rows


def make_cases(dice: random.Random) -> tuple[list[Row], list[Row], list[list[Row]]]:
    """Every case, drawn from one seed."""
    everything = [subset for subsets in SUBSET_MAPPING.values() for subset in subsets]
    prior = draw_pairs(dice, PREFERENCE_SETS, kind="any", most=5)
    ones: list[Row] = [
        ("every subset, prior sets too", draw_pairs(dice, everything, kind="any", most=7), prior),
        ("few values, many equal", draw_pairs(dice, everything, kind="few", most=6), []),
        ("some subsets", draw_pairs(dice, everything[::2], kind="any", most=5), []),
        ("two sections missing", draw_pairs(dice, everything[:7], kind="any", most=4), []),
    ]
    four = [(1, 4)]
    twos: list[Row] = []
    for name, kind, sizes, is_odd in (
        ("as published", "any", four, False),
        ("few values, many equal", "few", four, False),
        ("other sizes, some ties rows alone", "few", [(1, 4), (2, 4), (1, 3), (3, 5)], True),
    ):
        ties = draw_ties(dice, kind=kind, n_prompts=5, is_odd=is_odd)
        rows = draw_fours(dice, SUBSETS_2, kind=kind, sizes=sizes) + [("Ties", *row) for row in ties]
        twos.append((name, rows))
    twos.append(("no ties, three subsets", draw_fours(dice, SUBSETS_2[:3], kind="any", sizes=four)))
    small = [
        draw_ties(dice, kind=dice.choice(("any", "few")), n_prompts=dice.randint(1, 4), is_odd=n % 2 == 1)
        for n in range(60)
    ]
    return ones, twos, small


def main() -> None:
    """Run them all and write the record."""
    ones, twos, small = make_cases(random.Random(SEED))
    record = {
        "package": "rewardbench", "version": version("rewardbench"), "command": COMMAND, "seed": SEED,
        "example_counts": EXAMPLE_COUNTS, "subset_mapping": SUBSET_MAPPING,
        "v1": [case_1(*case) for case in ones], "v2": [case_2(*case) for case in twos],
        "ties": [ties_case(rows) for rows in small],
    }  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    lines = [f"{json.dumps(key)}: {compact(value)}" for key, value in record.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"wrote {OUT}: {OUT.stat().st_size} bytes")


def compact(value: Any) -> str:
    """One case a line."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(part) for part in value) + "\n]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
