"""Tare itself: the product's own loader and the engine it chooses. `logprobs` is timed; packs are counted elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from bench.cases import Item
from bench.workers.pipe import Setting, Weighed, serve
from scoring.models import LoadedModel, load_model
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, TokenLogprobs


class Tare:
    """Both models of the pair, loaded as the product loads them."""

    def __init__(self, folders: dict[str, Path], _setting: Setting) -> None:
        self._models: dict[str, LoadedModel] = {
            side: load_model(ModelSpec(str(folder)), device="cpu", dtype="float32") for side, folder in folders.items()
        }
        self._packs = self._pack_tokens = 0

    def weigh(self, items: Sequence[Item], sides: Sequence[str], setting: Setting) -> dict[str, Weighed]:
        """All requests go to the engine at once. setting sums: take packs as they come, keep no token log-probs."""
        requests = requests_of(items)
        if setting.get("sums"):
            return {side: Weighed(self._sums(self._models[side].engine, requests)) for side in sides}
        found = {side: self._models[side].engine.logprobs(requests) for side in sides}
        return {
            side: Weighed([one.total for one in ones], [list(one.values) for one in ones])
            for side, ones in found.items()
        }

    def _sums(self, engine: Any, requests: Sequence[LogprobRequest]) -> list[float]:
        """As a run does it: each pack is taken as it comes, and let go."""
        sums = [0.0] * len(requests)
        for pack in engine.weigh(requests):
            self._packs += 1
            self._pack_tokens += pack.computed_tokens
            results: dict[int, TokenLogprobs] = dict(pack.results)
            for index, result in results.items():
                sums[index] = result.total
        return sums

    def describe(self) -> dict[str, Any]:
        """Engine and versions."""
        import transformers

        names = sorted({model.engine.name for model in self._models.values()})
        return {"engine": "/".join(names), "torch": torch.__version__, "transformers": transformers.__version__}


def requests_of(items: Sequence[Item]) -> list[LogprobRequest]:
    """One request for every candidate, in order."""
    return [
        LogprobRequest(item.prompt + response, (False,) * len(item.prompt) + (True,) * len(response))
        for item in items
        for response in item.responses
    ]


if __name__ == "__main__":
    serve(Tare)
