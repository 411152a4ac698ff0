"""The product's own way, from texts to rewards in a database: weighed first, weighed again, with another weak model.

Prints one JSON object. Forwards and tokens are counted at the models' first layer, not taken from what the code says.
Each repetition has a database of its own; the models stay loaded, because loading is not what is compared.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bench.cases import PAIR, Item, n8_p512
from bench.workers.pipe import MODELS, counting
from bench.workers.tare_worker import forget
from db.migrate import upgrade
from db.session import make_sessionmaker
from scoring.criteria import CriteriaBody
from scoring.pairs import ModelPair, ModelSpec
from scoring.room import ModelRoom
from services.weighing.chunk import weigh_items
from services.weighing.encode import ItemText, WeighSetup


def spec_of(side: str) -> ModelSpec:
    """A model of the pair, in float32."""
    return ModelSpec(str(MODELS / PAIR / side), dtype="float32")


def setup_with(weak: str) -> WeighSetup:
    """Strong against this weak model, no criteria."""
    pair = ModelPair(
        f"bench-{weak}", "bench", spec_of("strong"), spec_of(weak), "56M", 4096, "none", 0.2, system_role=True
    )
    return WeighSetup(pair, CriteriaBody(""))


def text_of(item: Item) -> ItemText:
    """The item in words that the models' tokenizer turns into these very ids (see bench/models.py)."""
    prompt = " ".join(f"w{token}" for token in item.prompt[1:])
    responses = tuple(" ".join(f"w{token}" for token in response) for response in item.responses)
    return ItemText(0, ({"role": "user", "content": prompt},), None, (0,) * len(responses), responses)


def timed(sessions: sessionmaker[Session], room: ModelRoom, setup: WeighSetup, items: list[ItemText]) -> dict[str, Any]:
    """One weighing through the service layer."""
    with counting() as count:
        start = time.perf_counter()
        results, filled, *_noise = weigh_items(sessions, room, setup, items)
        seconds = time.perf_counter() - start
    weighed = [one for result in results if result.weights for one in result.weights.candidates]
    return {
        "seconds": seconds,
        "forwards": count.forwards,
        "tokens": count.tokens,
        "n_computed": filled.n_computed,
        "n_cached": filled.n_cached,
        "rewards": [one.reward for one in weighed if one],
        "problems": [str(result.problem) for result in results if result.problem],
    }


def sitting(room: ModelRoom, items: list[ItemText]) -> dict[str, dict[str, Any]]:
    """First, again, and with another weak model, in a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        sessions = make_sessionmaker(url)
        for side in ("strong", "weak", "other"):
            with room.open(spec_of(side)) as model:
                forget(model.engine)
        found = {
            "first": timed(sessions, room, setup_with("weak"), items),
            "again": timed(sessions, room, setup_with("weak"), items),
            "other_weak": timed(sessions, room, setup_with("other"), items),
        }
        sessions.engine.dispose()
    return found


def main() -> None:
    """Some sittings after a first one that is not counted."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    room = ModelRoom(device="cpu", dtype="float32")
    items = [text_of(item) for item in n8_p512().items]
    sitting(room, items)
    json.dump({"sittings": [sitting(room, items) for _ in range(repeats)]}, sys.stdout)


if __name__ == "__main__":
    main()
