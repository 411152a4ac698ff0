"""A small real model, and a server that answers as vLLM does with the numbers that the plain engine computes from it.

A test bends its answers or breaks its connections. The answers of a real vLLM are recorded_server.py's part.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from loopback import Call, Reply
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from scoring.engine.plain import PlainEngine
from scoring.protocol import LogprobRequest
from scoring.server.settings import ServerSettings

SERVED_AS = "tiny"
CONTEXT = 256
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTROL = ["<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
WORDS = "tea shop green black pot cup price open closed sugar milk lemon honey leaf water hot cold small large kind"
# Fast to fail, so that the tests are; the waits are real.
QUICK = ServerSettings(concurrency=4, timeout_s=5.0, tries=3, first_wait_s=0.01)


def save_served(folder: Path, *, seed: int = 0) -> Path:
    """A small Llama with its tokenizer, the same for the same seed; what the recorded answers were computed with."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=len(CONTROL) + 256 + 60,
        special_tokens=CONTROL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS] * 20, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|bos|>", eos_token="<|end|>")
    fast.chat_template = TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,  # of 32: vLLM's CPU kernels take no smaller ones
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def plain_engine(folder: Path) -> PlainEngine:
    """The in-process reference over the same weights."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return PlainEngine(model, fingerprint="plain", context_limit=CONTEXT)


def some_requests(n: int, *, seed: int = 0, longest: int = 40) -> list[LogprobRequest]:
    """n different sequences of 4 to `longest` random tokens, the second half of each a response."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for length in torch.randint(4, longest + 1, (n,), generator=generator).tolist():
        ids = tuple(torch.randint(5, 300, (length,), generator=generator).tolist())
        found.append(LogprobRequest(ids, tuple(place >= length // 2 for place in range(length))))
    return found


class Computing:
    """Answers as vLLM does, with the plain engine's numbers. bend: changes an answer; refuses: of a request's keys."""

    def __init__(
        self,
        folder: Path,
        *,
        bend: Callable[[Any, dict[str, Any]], Any] | None = None,
        names: Sequence[str] = (SERVED_AS,),
        max_model_len: int | None = CONTEXT,
    ) -> None:
        self.model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.bend = bend
        self.names = names
        self.max_model_len = max_model_len
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Reply | None:
        if call.path == "/v1/models":
            return Reply({"data": [{"id": name, "max_model_len": self.max_model_len} for name in self.names]})
        if call.path != "/v1/completions":
            return Reply({"detail": "Not Found"}, 404)
        if call.body["model"] not in self.names:
            return Reply({"error": {"message": f"The model `{call.body['model']}` does not exist."}}, 404)
        answer = self.answer(call.body)
        bent = answer if self.bend is None else self.bend(answer, call.body)
        return bent if isinstance(bent, Reply) or bent is None else Reply(bent)

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """vLLM 0.32's answer to one prompt with echo and logprobs."""
        ids = body["prompt"]
        with self._lock, torch.inference_mode():
            rows = self.model(torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)  # (T - 1, V)
        own, (tops, top_ids) = rows.gather(-1, torch.tensor(ids[1:])[:, None])[:, 0].tolist(), rows.max(-1)
        extra = [7] * body["max_tokens"]
        names_ids = body.get("return_tokens_as_token_ids")
        tokens = [f"token_id:{one}" if names_ids else self.tokenizer.decode([one]) for one in ids + extra]
        values = [None, *own, *[-1.0] * len(extra)]
        best = [f"token_id:{one}" if names_ids else self.tokenizer.decode([one]) for one in top_ids.tolist()]
        both = zip(tokens[1:], own, best, tops.tolist(), strict=False)
        top = [None, *({token: value} | {first: most} for token, value, first, most in both)]
        logprobs = {"token_logprobs": values, "tokens": tokens, "text_offset": [0] * len(tokens), "top_logprobs": top}
        choice = {"index": 0, "text": "", "logprobs": logprobs, "finish_reason": "length"}
        choice["prompt_token_ids"] = ids if body.get("return_token_ids") else None
        return {"model": self.names[0], "choices": [choice], "usage": {"prompt_tokens": len(ids)}}
