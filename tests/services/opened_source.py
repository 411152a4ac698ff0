"""A source of models that notes which ones are opened; for tests that count openings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service_builders import WatchedSource

if TYPE_CHECKING:
    from scoring.pairs import ModelSpec
    from scoring.room import ModelRoom


class OpenedSource(WatchedSource):
    """Notes which models were opened, in order; knows tokenizers without opening, as a room does."""

    def __init__(self, models: ModelRoom, **more: Any) -> None:
        super().__init__(models, **more)
        self.opened: list[str] = []
        self.tokenizer = models.tokenizer

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[Any]:
        self.opened.append(Path(spec.ref).name)
        with super().open(spec) as model:
            yield model
