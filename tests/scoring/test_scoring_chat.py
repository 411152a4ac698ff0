"""Which tokens are the response's: one prompt for all candidates, exact masks, nothing cut, nothing hidden."""

from typing import Any

import pytest
from scoring_builders import (
    CHATML,
    DATED,
    DROPS_SYSTEM,
    LLAMA3_LIKE,
    MISTRAL_LIKE,
    NO_END,
    REPEATS,
    THINKS,
    byte_level,
    letters,
    metaspace,
)
from tokenizers import normalizers

from scoring.chat import EncodedCandidate, NotWeighed, check_template, encode, encode_prompt_check
from scoring.errors import TemplateProblem

USER = [{"role": "user", "content": "Why is the sky blue?"}]
RESPONSES = ["Because air scatters light.", "Hello 🎉 naïve café", "\nYes", " leading", "日本語", "x"]

TOKENIZERS = {
    "byte-level": byte_level(),
    "byte-level, trimmed offsets": byte_level(trim_offsets=True),
    "byte-level with BOS": byte_level(bos="<|bos|>"),
    "byte-level with BOS written by the template": byte_level(LLAMA3_LIKE, bos="<|bos|>"),
    "metaspace first": metaspace(),
    "metaspace always": metaspace(style="always"),
    "metaspace legacy": metaspace(style="legacy"),
    "metaspace without BOS": metaspace(CHATML, adds_bos=False),
}
every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


def encoded(tokenizer: Any, responses: list[str], **settings: Any) -> list[EncodedCandidate]:
    item = encode(tokenizer, USER, responses, **{"instruction": "", "context_limit": 2000} | settings)
    found = [candidate for candidate in item.candidates if isinstance(candidate, EncodedCandidate)]
    assert len(found) == len(responses), item.candidates
    return found


def response_ids(candidate: EncodedCandidate) -> list[int]:
    request = candidate.request
    return [token for token, is_response in zip(request.ids, request.is_response, strict=True) if is_response]


@every_tokenizer
def test_all_candidates_are_conditioned_on_the_same_prompt_ids(tokenizer: Any) -> None:
    item = encode(tokenizer, USER, RESPONSES, instruction="Be brief.", context_limit=2000)
    for candidate in item.candidates:
        assert isinstance(candidate, EncodedCandidate)
        size = len(item.prompt_ids)
        assert candidate.request.ids[:size] == item.prompt_ids
        assert candidate.request.is_response == (False,) * size + (True,) * (len(candidate.request.ids) - size)
        assert len(candidate.token_spans) == len(candidate.request.ids) - size


@every_tokenizer
@pytest.mark.parametrize("counts", [True, False])
def test_the_masked_tokens_spell_the_response_and_nothing_else(tokenizer: Any, counts: bool) -> None:
    for response, candidate in zip(RESPONSES, encoded(tokenizer, RESPONSES, count_end_of_turn=counts), strict=True):
        ids = response_ids(candidate)
        text_ids = ids[: len(ids) - candidate.end_token_count]
        # The template's own trimming, and the space it or the tokenizer puts first, are white space at the ends.
        assert tokenizer.decode(text_ids).strip() == response.strip()
        assert (candidate.end_token_count > 0) == counts
        if counts:
            assert tokenizer.decode(ids[-candidate.end_token_count :]).strip() in ("<|im_end|>", "</s>")


@every_tokenizer
def test_token_spans_cover_the_response_in_order_and_the_end_lies_behind_it(tokenizer: Any) -> None:
    for response, candidate in zip(RESPONSES, encoded(tokenizer, RESPONSES), strict=True):
        count = len(candidate.token_spans) - candidate.end_token_count
        inside, after = candidate.token_spans[:count], candidate.token_spans[count:]
        assert all(0 <= start <= end <= len(response) for start, end in inside)
        assert all(len(response) <= start < end for start, end in after)
        covered = {place for start, end in inside for place in range(start, end)}
        assert all(place in covered for place, character in enumerate(response) if not character.isspace())


@every_tokenizer
def test_there_is_exactly_one_bos_where_the_tokenizer_has_one(tokenizer: Any) -> None:
    item = encode(tokenizer, USER, ["Yes"], instruction="", context_limit=2000)
    bos = tokenizer.bos_token_id
    adds = bos is not None and tokenizer("a").input_ids[0] == bos
    assert item.prompt_ids.count(bos) == int(adds)
    assert (item.prompt_ids[0] == bos) == adds


@every_tokenizer
def test_an_unsplit_candidate_is_the_tokenization_of_the_whole_conversation(tokenizer: Any) -> None:
    for candidate in encoded(tokenizer, RESPONSES):
        whole = tokenizer(candidate.text, add_special_tokens=False).input_ids
        ids = list(candidate.request.ids)
        assert candidate.is_split or ids in (whole, [tokenizer.bos_token_id, *whole])


def test_a_response_that_would_merge_into_the_prompt_is_split_off_and_says_so() -> None:
    # This template ends its prompt with two line breaks, one token "ĊĊ"; GPT-2's pattern takes only the first of
    # them when a letter follows, so the whole text tokenizes as "Ċ", "Ċ", ...
    tokenizer = TOKENIZERS["byte-level with BOS written by the template"]
    candidate = encoded(tokenizer, ["Hello"])[0]
    assert candidate.is_split
    whole = tokenizer(candidate.text, add_special_tokens=False).input_ids
    assert list(candidate.request.ids) != whole
    assert tokenizer.decode(response_ids(candidate)) == "Hello<|im_end|>"
    assert not encoded(TOKENIZERS["byte-level"], ["Hello"])[0].is_split


def test_a_prompt_that_a_response_rewrites_is_kept_as_it_is_for_all() -> None:
    # A normalizer turns "t:r" into "T:r": as many tokens, at the same places, but another prompt.
    tokenizer = letters(normalizers.Replace("t:r", "T:r"), "t:{{ messages[1]['content'] if messages[1] else '' }}")
    item = encode(tokenizer, [{"role": "user", "content": ""}], ["s", "r"], instruction="", context_limit=9)
    kept, rewritten = (each for each in item.candidates if isinstance(each, EncodedCandidate))
    assert item.prompt_ids == kept.request.ids[:2] == rewritten.request.ids[:2]
    assert (kept.is_split, rewritten.is_split) == (False, True)
    assert tokenizer.convert_ids_to_tokens(response_ids(rewritten)) == ["r"]


def test_a_merge_in_one_candidate_changes_no_other() -> None:
    tokenizer = byte_level(DROPS_SYSTEM)  # prompts end in "assistant: ", so "Hello" would become "ĠHello"
    item = encode(tokenizer, USER, ["Hello", "\n\nHello", "-"], instruction="", context_limit=2000)
    alone = encode(tokenizer, USER, ["-"], instruction="", context_limit=2000)
    assert item.candidates[2] == alone.candidates[0]
    assert item.prompt_ids == alone.prompt_ids


@pytest.mark.parametrize("style", ["first", "always", "legacy"])
def test_a_split_response_gets_no_dummy_space_of_its_own(style: str) -> None:
    tokenizer = metaspace(DROPS_SYSTEM, style=style)  # prompts end in "assistant: ", "▁th" is a token
    candidate = encoded(tokenizer, ["the sky"])[0]
    assert candidate.is_split
    pieces = tokenizer.convert_ids_to_tokens(response_ids(candidate))
    assert "".join(pieces) == "the▁sky</s>"


def test_the_prompt_stands_alone_for_sampling() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    item = encode(tokenizer, USER, [], instruction="Be brief.", context_limit=2000)
    assert item.candidates == ()
    assert item.end_of_turn_ids == (tokenizer.eos_token_id,)
    assert tokenizer.decode(item.prompt_ids) == item.prompt_text
    messages = [{"role": "system", "content": "Be brief."}, *USER]
    assert item.prompt_text == tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def test_offsets_that_leave_spaces_out_make_no_difference() -> None:
    responses = [*RESPONSES, "  ", "two  spaces "]
    trimmed = encoded(TOKENIZERS["byte-level, trimmed offsets"], responses)
    assert trimmed == encoded(TOKENIZERS["byte-level"], responses)


def test_empty_and_too_long_responses_are_told_apart_with_their_numbers() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    item = encode(tokenizer, USER, ["", "Yes", "word " * 100], instruction="", context_limit=60)
    empty, fine, long = item.candidates
    assert isinstance(empty, NotWeighed)
    assert empty.reason == "empty response"
    assert "0 characters" in empty.detail
    assert isinstance(fine, EncodedCandidate)
    assert isinstance(long, NotWeighed)
    assert long.reason == "too long"
    total = len(encoded(tokenizer, ["word " * 100])[0].request.ids)
    assert f"{total} tokens" in long.detail
    assert "limit of 60" in long.detail
    assert "\n" not in long.detail


def test_a_response_of_exactly_the_limit_is_weighed_and_one_more_token_is_not() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    total = len(encoded(tokenizer, ["Yes!"])[0].request.ids)
    for limit, kind in ((total, EncodedCandidate), (total - 1, NotWeighed)):
        item = encode(tokenizer, USER, ["Yes!"], instruction="", context_limit=limit)
        assert isinstance(item.candidates[0], kind)


def test_a_truncating_tokenizer_cannot_cut_a_text() -> None:
    tokenizer = byte_level()
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=50)
    assert encoded(tokenizer, RESPONSES) == encoded(TOKENIZERS["byte-level"], RESPONSES)


def test_white_space_is_weighed_where_it_has_tokens_and_named_where_it_has_none() -> None:
    assert encoded(TOKENIZERS["byte-level"], ["  \n"])[0].token_spans[0][0] == 0
    trimming = TOKENIZERS["byte-level with BOS written by the template"]
    candidate = encode(trimming, USER, ["  \n"], instruction="", context_limit=2000).candidates[0]
    assert isinstance(candidate, NotWeighed)
    assert candidate.reason == "empty response"


def test_half_a_surrogate_pair_is_named_and_harms_no_other_candidate() -> None:
    item = encode(TOKENIZERS["byte-level"], USER, ["a \ud83c b", "fine"], instruction="", context_limit=2000)
    assert isinstance(item.candidates[0], NotWeighed)
    assert "U+D83C" in item.candidates[0].detail
    assert isinstance(item.candidates[1], EncodedCandidate)


def test_a_base_model_without_a_template_borrows_the_strong_one_s() -> None:
    base, strong = metaspace(None), TOKENIZERS["byte-level"]
    item = encode(base, USER, ["Yes"], instruction="", context_limit=2000, template_tokenizer=strong)
    assert item.prompt_text == "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n"
    candidate = item.candidates[0]
    assert isinstance(candidate, EncodedCandidate)
    assert candidate.end_token_count > 1  # the marker is plain text to it
    with pytest.raises(TemplateProblem, match="no chat template"):
        encode(base, USER, ["Yes"], instruction="", context_limit=2000)


def test_the_prompt_check_masks_the_last_user_message_s_content() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    messages = [*USER, {"role": "assistant", "content": "Air."}, {"role": "user", "content": "How much 🎉 tea?"}]
    found = encode_prompt_check(tokenizer, messages, context_limit=2000)
    assert found is not None
    masked = [token for token, is_content in zip(found.ids, found.is_response, strict=True) if is_content]
    assert tokenizer.decode(masked) == "How much 🎉 tea?"
    assert encode_prompt_check(tokenizer, messages, context_limit=10) is None
    assert encode_prompt_check(tokenizer, [{"role": "user", "content": ""}], context_limit=2000) is None


def test_the_prompt_check_leaves_folded_criteria_out() -> None:
    tokenizer = metaspace(MISTRAL_LIKE)
    found = encode_prompt_check(tokenizer, USER, instruction="Be brief.", context_limit=2000)
    assert found is not None
    masked = [token for token, is_content in zip(found.ids, found.is_response, strict=True) if is_content]
    assert tokenizer.decode(masked).strip() == "Why is the sky blue?"


@pytest.mark.parametrize("template", [CHATML, LLAMA3_LIKE, MISTRAL_LIKE, DROPS_SYSTEM, NO_END, DATED])
def test_a_working_template_passes_the_check(template: str) -> None:
    check_template(byte_level(template))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (REPEATS, "writes the response 2 times"),
        ("{{ messages[0]['content'] }}", "writes the response 0 times"),
        ("{% for m in messages %}{{ m['content'] | upper + eos_token }}{% endfor %}", "writes the response 0 times"),
        ("{% for m in messages %}{{ m['content'] | replace('.', '!') }}{% endfor %}", "alters the response"),
        ("{{ messages[0]['nothing'] + 1 }}", "refuses turns of user, assistant"),
        ("{% for m in messages %}{{ m['content'] }", "refuses turns of user, assistant"),
    ],
)
def test_a_template_that_hides_the_response_is_refused(template: str, words: str) -> None:
    with pytest.raises(TemplateProblem, match=words) as caught:
        check_template(byte_level(template))
    assert "\n" not in str(caught.value)


def test_a_response_the_template_alters_is_named_and_the_others_are_weighed() -> None:
    item = encode(byte_level(THINKS), USER, ["fine", "a </think> b"], instruction="", context_limit=2000)
    assert isinstance(item.candidates[0], EncodedCandidate)
    assert isinstance(item.candidates[1], NotWeighed)
    assert item.candidates[1].reason == "template"
    assert item.prompt_text.endswith("<think>\n\n</think>\n\n")
