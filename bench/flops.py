"""What a case must cost: distinct tokens, and the FLOPs of computing each of them once. Pure counting, no torch.

A node is one distinct token after one distinct beginning. The last token of a sequence is read but never computed on:
it predicts nothing, unless a longer sequence goes on from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.cases import Ids, Item


@dataclass(frozen=True, slots=True)
class Work:
    """Of a case under one model."""

    logical_tokens: int  # prompt and response tokens of every candidate
    distinct_tokens: int  # nodes of the trie over whole sequences, as scoring.engine.trie counts
    body_tokens: int  # nodes that predict something: what goes through the layers
    head_rows: int  # nodes that predict a response token
    attended: int  # sum over body nodes of the tokens they attend to, themselves included


def count_work(items: Sequence[Item]) -> Work:
    """Walk the sequences in sorted order, holding the path of the one before: what it does not share is new."""
    rows = sorted((item.prompt + response, len(item.prompt)) for item in items for response in item.responses)
    distinct = body = head = attended = 0
    before: Ids = ()
    is_computed: list[bool] = []  # of the current path's nodes
    is_read: list[bool] = []
    for ids, prompt in rows:
        same, end = _shared(ids, before), len(ids) - 1
        distinct += len(ids) - same
        is_computed[same:] = is_read[same:] = [False] * (len(ids) - same)
        for node in range(end):
            if not is_computed[node]:
                is_computed[node] = True
                body += 1
                attended += node + 1
            if node >= prompt - 1 and not is_read[node]:
                is_read[node] = True
                head += 1
        before = ids
    return Work(sum(len(ids) for ids, _ in rows), distinct, body, head, attended)


def flops_of(work: Work, config: dict[str, Any]) -> dict[str, float]:
    """FLOPs (a multiplication and an addition are two) of body, attention and head for a Llama's config.json."""
    hidden, layers, wide = config["hidden_size"], config["num_hidden_layers"], config["intermediate_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    width = config.get("head_dim") or hidden // heads
    a_layer = hidden * width * (2 * heads + 2 * kv_heads) + 3 * hidden * wide
    return {
        "body": 2.0 * a_layer * layers * work.body_tokens,
        "attention": 4.0 * heads * width * layers * work.attended,
        "head": 2.0 * hidden * config["vocab_size"] * work.head_rows,
    }


def plain_flops(tokens: int, config: dict[str, Any]) -> float:
    """FLOPs of computing so many tokens with logits for each of them, as a plain loop does; attention is left out."""
    found = flops_of(Work(tokens, tokens, tokens, tokens, 0), config)
    return found["body"] + found["head"]


def floor_seconds(flops: dict[str, float], config: dict[str, Any], rates: dict[str, Any]) -> dict[str, float]:
    """Seconds the FLOPs take at measured rates: all at that of a large square product, or each matrix at its own.

    rates: {"square": FLOP/s, "own": FLOP/s by matrix}; attention is counted at the square rate in both.
    """
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    width = config.get("head_dim") or hidden // config["num_attention_heads"]
    weights = {
        "q, o": 2 * hidden * width * config["num_attention_heads"],
        "k, v": 2 * hidden * width * config["num_key_value_heads"],
        "gate, up": 2 * hidden * wide,
        "down": hidden * wide,
    }
    own, all_weights = rates["own"], sum(weights.values())
    body = sum(flops["body"] * share / all_weights / own[name] for name, share in weights.items())
    return {
        "square": sum(flops.values()) / rates["square"],
        "own": body + flops["head"] / own["head"] + flops["attention"] / rates["square"],
    }


def _shared(first: Ids, second: Ids) -> int:
    n = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        n += 1
    return n
