"""What a model reads with, from its small files alone: tokenizer, chat template and context limit; no weights.

For showing the exact text and its length under any model before anything is loaded. Loads no weights (models.py).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from scoring.adapter_files import find_adapter
from scoring.errors import ModelUnavailable
from scoring.model_files import from_hub, local_folder
from scoring.models import adapter_tokenizer, context_limit, load_tokenizer
from scoring.pairs import ModelSpec
from scoring.server.model import open_served

_SMALL = ("*.json", "*.jinja", "*.model", "*.txt")  # of a repository on the hub: all but weights


@dataclass(frozen=True, slots=True)
class Reader:
    """A model as far as its input goes. context_limit: tokens, prompt and response together."""

    ref: str
    tokenizer: Any
    context_limit: int


def read_reader(spec: ModelSpec) -> Reader:
    """The reader of a model: a folder's, a hub repository's (its small files only), an adapter's or a server's.

    Raises ModelUnavailable or UnsafeModel in one line.
    """
    if spec.url is not None:
        served = open_served(spec)
        return Reader(served.ref, served.tokenizer, served.engine.context_limit)
    folder = local_folder(spec.ref) or from_hub(spec.ref, spec.revision, _SMALL)
    tokenizer = load_tokenizer(spec.ref, folder)
    limit = context_limit(_config(spec.ref, folder), tokenizer)  # an adapter's is its base's
    if spec.adapter is not None:
        base = tokenizer
        tokenizer = adapter_tokenizer(find_adapter(spec), lambda: base)
    return Reader(spec.label, tokenizer, limit)


def _config(ref: str, folder: Path) -> Any:
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnavailable(f"{ref}: its config.json cannot be read ({reason}); complete the files") from error
