"""The pair's tokenizer and chat template: byte-level BPE in which every digit is a token of its own.

    <|system|>Be brief.<|end|><|user|>What do 2 tins cost?<|end|><|assistant|>2 x £4 = £8<|end|>

`<|end|>` is the end of a turn and the eos token; there is no bos token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from demo.corpus import Sample

END, PAD = "<|end|>", "<|pad|>"
SPECIAL = (PAD, END, "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = """{%- for message in messages -%}
{%- if message['role'] not in ['system', 'user', 'assistant'] -%}
{{- raise_exception("unknown role '" + message['role'] + "'; this template knows system, user and assistant") -}}
{%- endif -%}
{{- '<|' + message['role'] + '|>' + message['content'] + '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"""


def train_tokenizer(texts: Iterable[str], vocab_size: int, *, context: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE on texts, with the chat template set."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, chat_template=TEMPLATE, model_max_length=context,
        clean_up_tokenization_spaces=False, padding_side="right",
        additional_special_tokens=["<|system|>", "<|user|>", "<|assistant|>"],
    )  # fmt: skip


def messages(sample: Sample, *, with_response: bool = True) -> list[dict[str, str]]:
    """A sample as chat messages."""
    turns = [{"role": "system", "content": sample.system}] if sample.system else []
    turns.append({"role": "user", "content": sample.prompt})
    return [*turns, {"role": "assistant", "content": sample.response}] if with_response else turns


def rendered(sample: Sample) -> str:
    """The same text as the chat template gives, without the cost of jinja; a test compares both."""
    system = f"<|system|>{sample.system}{END}" if sample.system else ""
    return f"{system}<|user|>{sample.prompt}{END}<|assistant|>{sample.response}{END}"


def encode(tokenizer: PreTrainedTokenizerFast, samples: Sequence[Sample]) -> list[tuple[list[int], int]]:
    """Token ids of each whole conversation, and where its response starts (end-of-turn token included at the end)."""
    assistant = tokenizer.get_vocab()["<|assistant|>"]
    batch = tokenizer([rendered(sample) for sample in samples], add_special_tokens=False)["input_ids"]
    return [(ids, ids.index(assistant) + 1) for ids in batch]


def pad(rows: Sequence[tuple[list[int], int]], *, pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Right-padded ids (B, T) and a mask (B, T) that is true on response tokens."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), width), pad_id)
    is_response = torch.zeros((len(rows), width), dtype=torch.bool)
    for row, (tokens, start) in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        is_response[row, start : len(tokens)] = True
    return ids, is_response
