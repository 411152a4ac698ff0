"""Real small models and tokenizers made on the spot, in the shapes that break naive code. Trains nothing."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    OPTConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

CORPUS = [
    "Why is the sky blue?\n\nBecause air scatters blue light more than red light.",
    "A kettle, two cups and a pot of tea. How much is that? It is 12 dollars.\n",
    "You are a helpful assistant. Be brief. Show the working. 3 x 4 = 12\n\n",
    "user assistant system user assistant system Question: Answer: hello Hello world",
    "Unbelievable! Naïve café 🍵 🎉 日本語 שלום",
] * 20

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3_LIKE = (  # trims, writes BOS
    "{{ bos_token }}{% for m in messages %}"
    "{{ '[' + m['role'] + ']\n\n' + m['content'] | trim + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[assistant]\n\n' }}{% endif %}"
)
MISTRAL_LIKE = (  # no system role, roles must alternate, a space before the response, BOS written
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
DROPS_SYSTEM = (  # says nothing, writes nothing
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'] + ': ' + m['content'] + eos_token + '\n' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
THINKS = (  # writes something between the generation prompt and the response, like Qwen3
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' %}{{ '<think>\n\n</think>\n\n' + m['content'].split('</think>')[-1] }}"
    "{% else %}{{ m['content'] }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
REPEATS = "{% for m in messages %}{{ m['content'] + eos_token }}{% endfor %}{{ messages[-1]['content'] }}"
NO_END = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
DATED = "{{ strftime_now('%d %b %Y') }}" + CHATML


def byte_level(template: str | None = CHATML, *, bos: str | None = None, trim_offsets: bool = False) -> Any:
    """A GPT-2 or Qwen-like tokenizer; with `bos`, one that puts it before every text (Llama 3)."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *([bos] if bos else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    after: list[Any] = [processors.ByteLevel(trim_offsets=trim_offsets)]
    if bos:
        after.append(
            processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))])
        )
    tokenizer.post_processor = processors.Sequence(after)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=bos, eos_token="<|im_end|>", chat_template=template
    )


def metaspace(template: str | None = MISTRAL_LIKE, *, style: str = "first", adds_bos: bool = True) -> Any:
    """A sentencepiece-like tokenizer with byte fallback.

    style: "first" or "always" (Metaspace puts a dummy space before the text, or before every piece), or "legacy"
    (a normalizer does it: Llama 2, Mistral 7B).
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if style == "legacy":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=style, split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator([line for text in CORPUS for line in text.split("\n")[:1]][:60], trainer)
    if adds_bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    data = json.loads(tokenizer.to_str())
    vocabulary = data["model"]["vocab"]
    for byte in range(256):
        vocabulary.setdefault(f"<0x{byte:02X}>", len(vocabulary))
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(data)),
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        chat_template=template,
    )


def word_level() -> Any:
    """Four words and no more: <s> a b <end>, ids 0 to 3; a turn is its words and <end>."""
    tokenizer = Tokenizer(models.WordLevel({"<s>": 0, "a": 1, "b": 2, "<end>": 3}, unk_token="<s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<s>", "<end>"])
    template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}"
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="<end>", chat_template=template
    )


def letters(normalizer: Any, template: str) -> Any:
    """One token per letter, after a normalizer."""
    tokenizer = Tokenizer(models.WordLevel({letter: i for i, letter in enumerate("?t:rsT")}, unk_token="?"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?", chat_template=template)


FAMILIES: dict[str, tuple[type, dict[str, Any]]] = {
    "llama": (LlamaConfig, {"num_key_value_heads": 2}),
    "mistral-sliding": (MistralConfig, {"num_key_value_heads": 2, "sliding_window": 8}),
    "qwen2": (Qwen2Config, {"num_key_value_heads": 2, "tie_word_embeddings": True}),
    "gemma2-softcap": (Gemma2Config, {"num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": 0.5}),
    "gpt-neox": (GPTNeoXConfig, {}),
    "gpt2": (GPT2Config, {}),
    "opt": (OPTConfig, {"ffn_dim": 48, "word_embed_proj_dim": 32}),
}


def tiny_model(family: str = "llama", *, vocabulary: int = 420, seed: int = 0, context: int = 512) -> Any:
    """A random float32 model, wide enough in its weights that its log-probs differ by whole nats."""
    kind, extra = FAMILIES[family]
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": context,
        "bos_token_id": None,
        "eos_token_id": 2,
        "pad_token_id": None,
    }
    config = kind(**settings, **extra)
    config.initializer_range = config.init_std = 0.3
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


def save_model(folder: Path, model: Any, tokenizer: Any) -> Path:
    """Write both as a Hugging Face folder, to be loaded by the code that loads any other."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def bigram_model(log_probabilities: list[list[float]]) -> LlamaForCausalLM:
    """A real Llama that predicts from the last token alone: row i holds the logits after token i.

    Layers that add nothing (their output projections are 0) leave the embedding e_i, one-hot of width V. RMSNorm
    divides it by sqrt(1 / V) and its weight 1 / sqrt(V) undoes that, so lm_head reads row i.
    """
    size = len(log_probabilities)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=16,
        rms_norm_eps=0.0,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=3,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.model.layers[0].self_attn.o_proj.weight.zero_()
        model.model.layers[0].mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.model.norm.weight.fill_(size**-0.5)
        model.lm_head.weight.copy_(torch.tensor(log_probabilities).T)
    return model
