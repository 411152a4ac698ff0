"""Where the public benchmark files are and how they come in: a short text, no network."""

from __future__ import annotations

ROWS = (
    ("RewardBench", "`allenai/reward-bench`, split `filtered`", "`tare import filtered-*.parquet --name rewardbench`"),
    ("its prior sets", "`allenai/preference-test-sets`, a file a set", "named after it in the same command"),
    ("RewardBench 2", "`allenai/reward-bench-2`, split `test`", "`tare import test-*.parquet --name rewardbench-2`"),
    ("LLMBar", "`princeton-nlp/LLMBar` on GitHub, five files", "`tare import */dataset.json --name llmbar`"),
    ("HelpSteer2", "`nvidia/HelpSteer2`, `preference/`, unpacked", "`tare import preference.jsonl --name helpsteer2`"),
    ("Nectar", "`berkeley-nest/Nectar`, `data/rlaif.parquet`", "`tare import rlaif.parquet --name nectar`"),
)  # fmt: skip
FILES = (
    "Tare fetches nothing by itself. `huggingface-cli download allenai/reward-bench --repo-type dataset` gets one; "
    "then import the files as they are. The format is told by the columns, and several files make one dataset.\n\n"
    "| benchmark | file | import |\n|---|---|---|\n" + "\n".join(f"| {' | '.join(row)} |" for row in ROWS)
)
