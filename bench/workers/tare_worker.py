"""Tare itself: the product's own loader and the engine it chooses. Every run begins cold."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from bench.cases import Item
from bench.workers.pipe import Setting, Weighed, serve
from scoring.engine.turns import Together
from scoring.models import LoadedModel, load_model
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, TokenLogprobs


class Tare:
    """Both models of the pair, loaded as the product loads them."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        self._models: dict[str, LoadedModel] = {
            side: load_model(ModelSpec(str(folder)), device="cpu", dtype="float32") for side, folder in folders.items()
        }

    def weigh(self, items: Sequence[Item], sides: Sequence[str], _setting: Setting) -> dict[str, Weighed]:
        """All requests go to the engines at once, both models side by side as a run has them (weighing/sides.py).

        What they kept of earlier runs is forgotten first: every run is cold.
        """
        requests, together = requests_of(items), Together()

        def work(side: str) -> list[TokenLogprobs]:
            engine = self._models[side].engine
            forget(engine)
            with together.work() if len(sides) > 1 else nullcontext():
                return engine.logprobs(requests)

        with ThreadPoolExecutor(len(sides)) as pool:
            by_side = dict(zip(sides, pool.map(work, sides), strict=True))
        return {
            side: Weighed([one.total for one in results], [list(one.values) for one in results])
            for side, results in by_side.items()
        }

    def describe(self) -> dict[str, Any]:
        """Engine and versions."""
        import transformers

        names = sorted({model.engine.name for model in self._models.values()})
        return {"engine": "/".join(names), "torch": torch.__version__, "transformers": transformers.__version__}


def forget(engine: Any) -> None:
    """Drop the keys and values of shared criteria that an engine keeps for later items, if it is one that does."""
    lasting = getattr(engine, "lasting", None)
    if lasting is not None:
        lasting.clear()


def requests_of(items: Sequence[Item]) -> list[LogprobRequest]:
    """One request for every candidate, in order."""
    return [
        LogprobRequest(item.prompt + response, (False,) * len(item.prompt) + (True,) * len(response))
        for item in items
        for response in item.responses
    ]


if __name__ == "__main__":
    serve(Tare)
