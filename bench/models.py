"""The models that are weighed with: seeded random Llamas, written once to bench/.models (git-ignored).

    pair56m/{strong,weak,other}   hidden 512, 8 layers, 8 heads / 4 KV heads, intermediate 1408, 32,000 tokens, untied
    pair2m/{strong,weak,other}    hidden 128, 4 layers, 2,000 tokens: for the growth curve

The weights are random but not trivial: a token's log-prob is about -14.5 nats on average, attention matters, and weak
(and other, a second weak model) is strong with a tenth of other noise, so that rewards are differences of near numbers,
as with real pairs. The files are written so that transformers 4.51 to 5.x read them.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from bench.cases import PAIR, SMALL_PAIR, VOCABULARY

FOLDER = Path(__file__).resolve().parent / ".models"
SIDES = ("strong", "weak", "other")
CONTEXT = 4096
HEAD_SPREAD = 2.9  # standard deviation of the logits, nats: -log p is about log V + 2.9^2 / 2
WEAK_NOISE = 0.1
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ m['role'] + ' ' + m['content'] + ' ' + eos_token + ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant ' }}{% endif %}"
)
SHAPES = {PAIR: (512, 1408, 8, 8), SMALL_PAIR: (128, 352, 4, 4)}  # hidden, intermediate, layers, heads


def folder_of(name: str, side: str) -> Path:
    """Where a model lies once `make_pair` has run."""
    return FOLDER / name / side


def config_of(name: str) -> LlamaConfig:
    """The configuration of a pair's models."""
    hidden, intermediate, layers, heads = SHAPES[name]
    return LlamaConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        vocab_size=VOCABULARY[name],
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )


def make_pair(name: str) -> None:
    """Write both models and their tokenizer; what is there already stays."""
    if all((folder_of(name, side) / "tokenizer_config.json").exists() for side in SIDES):
        return
    _write(_random_model(name, seed=1), name, "strong")
    for seed, side in ((2, "weak"), (3, "other")):
        near, noise = _random_model(name, seed=1), _random_model(name, seed=seed)
        with torch.no_grad():
            for mine, its in zip(near.parameters(), noise.parameters(), strict=True):
                mine.mul_((1 - WEAK_NOISE**2) ** 0.5).add_(its, alpha=WEAK_NOISE)
        _write(near, name, side)


def _random_model(name: str, *, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config_of(name)).float()
    with torch.no_grad():
        for label, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.uniform_(0.8, 1.2)
            elif label.startswith("lm_head"):
                weight.normal_(0, HEAD_SPREAD / weight.shape[1] ** 0.5)
            else:
                weight.normal_(0, 1 if "embed" in label else 1.2 / weight.shape[1] ** 0.5)
    return model


def _write(model: LlamaForCausalLM, name: str, side: str) -> None:
    folder = folder_of(name, side)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    # Spelled as both transformers 4 and 5 read it; what 5 writes itself, 4 cannot.
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config |= {"torch_dtype": "float32", "rope_theta": 10000.0}
    path.write_text(json.dumps(config, indent=1))
    _write_tokenizer(folder, VOCABULARY[name])


def _write_tokenizer(folder: Path, size: int) -> None:
    """Words w3, w4, ... stand for their own ids, so that a text can be written for any ids."""
    words = ["<pad>", "<s>", "</s>", "user", "assistant", "system"]
    words += [f"w{number}" for number in range(len(words), size)]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(words[:3])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "model_max_length": CONTEXT,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))


def main() -> None:
    """Write the pairs named on the command line, or all."""
    for name in sys.argv[1:] or SHAPES:
        make_pair(name)


if __name__ == "__main__":
    main()
