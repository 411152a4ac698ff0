"""The closed lists of words that the command line takes; typer makes options of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

LAST_RUN = 2**31 - 1  # the largest number either database can look for

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
DatasetName = Annotated[str, typer.Argument(help="The dataset's name.", show_default=False)]


class ExportFormat(StrEnum):
    """What `tare export` writes."""

    CONVERSATIONAL = "trl-conversational"
    STANDARD = "trl-standard"
    JSONL = "jsonl"


class Only(StrEnum):
    """Which items `tare export` takes."""

    DECIDED = "decided"
    ALL = "all"


class Benchmark(StrEnum):
    """What `tare evaluate` counts a dataset as."""

    REWARDBENCH = "rewardbench"
    REWARDBENCH_2 = "rewardbench-2"
    LLMBAR = "llmbar"
    HELPSTEER2 = "helpsteer2"
    NECTAR = "nectar"


class RankBy(StrEnum):
    """What ranks the candidates."""

    SUM = "sum"
    MEAN = "mean"


class ReadBy(StrEnum):
    """Which models read the criteria."""

    BOTH = "both"
    STRONG = "strong"


class Exemplars(StrEnum):
    """Where the criteria's exemplars stand in the conversation."""

    SYSTEM = "system"
    TURNS = "turns"


class DType(StrEnum):
    """What the models compute in."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
