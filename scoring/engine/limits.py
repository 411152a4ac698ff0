"""What a model can take: how many tokens, and which. Looked up once: while an adapter is loaded it cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import LogprobRequest


@dataclass(frozen=True, slots=True)
class Limits:
    """context: tokens, prompt and response together. vocabulary: ids it can read; words: ids it can predict."""

    context: int
    vocabulary: int
    words: int

    @classmethod
    def of(cls, model: Any, context: int) -> Limits:
        """The limits of a transformers model."""
        return cls(context, model.get_input_embeddings().num_embeddings, len(model.get_output_embeddings().weight))

    def check(self, request: LogprobRequest) -> None:
        """Refuse what would be cut or would index outside the model. Raises PromptTooLong or EngineFailed."""
        if len(request.ids) > self.context:
            raise PromptTooLong(
                f"{len(request.ids)} tokens exceed the model's limit of {self.context}; nothing is truncated: "
                "shorten the text or choose a longer-context model"
            )
        if not 0 <= min(request.ids) <= max(request.ids) < self.vocabulary:
            raise EngineFailed(
                f"token id {max(request.ids)} is outside the model's vocabulary of {self.vocabulary}; the tokenizer "
                "belongs to another model"
            )
        highest = max(token for token, is_response in zip(request.ids, request.is_response, strict=True) if is_response)
        if highest >= self.words:
            raise EngineFailed(
                f"token id {highest} can be read but not predicted: the model's output head has {self.words} words; "
                "the tokenizer belongs to another model"
            )
