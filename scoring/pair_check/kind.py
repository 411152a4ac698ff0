"""What kind of model a configuration describes, and which engine it will likely have. Loads no weights.

A guess by name and configuration for a person who chooses; what is exact is proved on the
loaded model (engine/engines.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig
from transformers.models.auto import modeling_auto as auto

from scoring.errors import ModelUnavailable
from scoring.models import BROKEN_FILES, check_architecture

# Heads that classify, whatever stands below them.
_CLASSIFIERS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice",
                "RewardModel")  # fmt: skip
# The first that knows the model type says what it is.
_SOUND = (
    (auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES, "a speech model"),
    (auto.MODEL_FOR_CTC_MAPPING_NAMES, "a speech model"),
    (auto.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES, "an audio model"),
    (auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES, "an audio model"),
)
_KINDS = (
    *_SOUND,
    (auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, "a model of images and text"),
    (auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES, "an encoder-decoder model"),
    (auto.MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES, "a model of images and text"),
    (auto.MODEL_FOR_IMAGE_MAPPING_NAMES, "a vision model"),
    (auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES, "an encoder-only model"),
    (auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES, "an encoder-only model"),
)


def read_config(ref: str, folder: Path, raw: Mapping[str, Any]) -> Any:
    """The configuration object of a folder. Raises ModelUnavailable, UnsafeModel in one line."""
    check_architecture(ref, raw)
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except BROKEN_FILES as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnavailable(f"{ref}: its config.json cannot be read ({reason}); complete the files") from error


def architecture_of(config: Any) -> str:
    """The class its files name, else its model type."""
    named = getattr(config, "architectures", None) or []
    return str(named[0]) if named else str(config.model_type)


def why_not_causal(config: Any) -> str | None:
    """What it is instead ("an encoder-only model"), or None for a causal language model as far as its files say."""
    if getattr(config, "is_encoder_decoder", False):
        return next((words for names, words in _SOUND if config.model_type in names), "an encoder-decoder model")
    architecture = architecture_of(config)
    if architecture.endswith(_CLASSIFIERS):
        return "a classifier, whose head gives no token log-probs"
    if config.model_type not in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return next((words for names, words in _KINDS if config.model_type in names), "no causal language model")
    is_masked = config.model_type in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(config, "is_decoder", False)
    if is_masked and not architecture.endswith(("ForCausalLM", "LMHeadModel")):
        return "an encoder-only model"
    return None


def reads_images(config: Any) -> bool:
    """Whether it is made for more than text; only its text part would be used."""
    return any(getattr(config, name, None) is not None for name in ("vision_config", "audio_config"))


def likely_engine(config: Any, adapter: Mapping[str, Any] | None = None) -> str:
    """The engine it will likely have: "shared", "expanded" or "plain"; see engine/engines.py.

    A state that runs along the text leaves the plain loop; attention that only a mask describes (ALiBi, chunks), or
    that a model computes by itself, the expanded engine. adapter: its configuration; one in or around the output head
    is computed plainly.
    """
    if adapter is not None:
        touched = [adapter.get("target_modules"), adapter.get("modules_to_save"), adapter.get("layers_to_transform")]
        if any("lm_head" in each for each in touched if isinstance(each, list | str)):
            return "plain"
        if adapter.get("trainable_token_indices"):
            return "plain"
    text = config.get_text_config()
    try:
        kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    except KeyError:
        return "plain"
    if getattr(kind, "_is_stateful", False):
        return "plain"
    is_chunked = getattr(text, "attention_chunk_size", None) or "chunked_attention" in (
        getattr(text, "layer_types", None) or ()
    )
    if is_chunked or getattr(text, "alibi", False) or not getattr(kind, "_supports_attention_backend", False):
        return "expanded"
    return "shared"
