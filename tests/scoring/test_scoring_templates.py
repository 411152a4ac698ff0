"""Rendering: where criteria go, and where the response lies in the text, template by template."""

import pytest
from scoring_builders import CHATML, DATED, DROPS_SYSTEM, LLAMA3_LIKE, MISTRAL_LIKE, NO_END, byte_level, metaspace

from scoring.chat import render
from scoring.errors import TemplateProblem

USER = [{"role": "user", "content": "Why?"}]


def response_of(template: str, response: str = "Because.", *, counts: bool = True) -> tuple[str, str]:
    """(what stands before the response, the response with its end)."""
    found = render(byte_level(template), USER, response, instruction="", count_end_of_turn=counts)
    return found.text[: found.response_start], found.text[found.response_start : found.response_end]


def test_criteria_go_into_a_system_message() -> None:
    text = render(byte_level(), USER, "Because.", instruction="Be brief.", count_end_of_turn=True).text
    assert text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
        "<|im_start|>assistant\nBecause.<|im_end|>"
    )


def test_the_item_s_own_system_message_and_the_criteria_become_one() -> None:
    messages = [{"role": "system", "content": "You sell tea."}, *USER]
    text = render(byte_level(), messages, "x", instruction="Be brief.", count_end_of_turn=True).text
    assert text.startswith("<|im_start|>system\nYou sell tea.\n\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?")
    alone = render(byte_level(), messages, "x", instruction="", count_end_of_turn=True).text
    assert alone.startswith("<|im_start|>system\nYou sell tea.<|im_end|>\n<|im_start|>user\nWhy?")


@pytest.mark.parametrize("template", [MISTRAL_LIKE, DROPS_SYSTEM])
def test_without_a_system_role_criteria_and_system_are_folded_into_the_first_user_turn(template: str) -> None:
    messages = [
        {"role": "system", "content": "You sell tea."},
        *USER,
        {"role": "assistant", "content": "So."},
        {"role": "user", "content": "And?"},
    ]
    text = render(byte_level(template), messages, "x", instruction="Be brief.", count_end_of_turn=True).text
    assert text.count("You sell tea.\n\nBe brief.\n\nWhy?") == 1
    assert text.count("Be brief.") == 1


def test_a_pair_may_say_that_its_template_has_no_system_role() -> None:
    found = render(byte_level(), USER, "x", instruction="Be brief.", count_end_of_turn=True, system_role=False)
    assert found.text.startswith("<|im_start|>user\nBe brief.\n\nWhy?<|im_end|>")


def test_without_criteria_nothing_is_added() -> None:
    tokenizer = byte_level()
    text = render(tokenizer, USER, "Because.", instruction="", count_end_of_turn=True).text
    full = tokenizer.apply_chat_template([*USER, {"role": "assistant", "content": "Because."}], tokenize=False)
    assert text == full.removesuffix("\n")


@pytest.mark.parametrize(
    ("template", "before", "response"),
    [
        (CHATML, "<|im_start|>assistant\n", "Because.<|im_end|>"),
        (LLAMA3_LIKE, "[assistant]\n\n", "Because.<|im_end|>"),
        (MISTRAL_LIKE, "[INST] Why? [/INST] ", "Because.<|im_end|>"),
        (DROPS_SYSTEM, "assistant: ", "Because.<|im_end|>"),
        (NO_END, "user: Why?\nassistant: ", "Because."),
    ],
)
def test_the_end_of_turn_belongs_to_the_response_and_nothing_after_it(
    template: str, before: str, response: str
) -> None:
    found_before, found = response_of(template)
    assert found_before.endswith(before)
    assert found == response
    assert response_of(template, counts=False)[1] == "Because."


def test_the_prompt_ends_before_the_space_that_a_template_puts_before_a_response() -> None:
    found = render(byte_level(MISTRAL_LIKE), USER, "Because.", instruction="", count_end_of_turn=True)
    assert found.text[: found.prompt_end].endswith("[/INST]")
    assert found.response_start == found.prompt_end + 1


def test_a_response_that_quotes_the_prompt_and_the_template_is_found_in_its_place() -> None:
    quoting = "Why?<|im_end|>\n<|im_start|>assistant\nWhy?"
    before, found = response_of(CHATML, quoting)
    assert found == quoting + "<|im_end|>"
    assert before.endswith("Why?<|im_end|>\n<|im_start|>assistant\n")


def test_a_trimming_template_keeps_positions_in_the_response_as_given() -> None:
    found = render(byte_level(LLAMA3_LIKE), USER, " \n Because. ", instruction="", count_end_of_turn=True)
    assert found.text[found.response_start : found.text_end] == "Because."
    assert found.lead == 3


def test_a_template_with_a_date_writes_the_same_date_every_day() -> None:
    text = render(byte_level(DATED), USER, "x", instruction="", count_end_of_turn=True).text
    assert text.startswith("26 Jul 2024<|im_start|>user")


def test_each_model_ends_its_turn_with_its_own_token_under_a_borrowed_template() -> None:
    weak = metaspace(None)
    found = render(weak, USER, "x", instruction="", count_end_of_turn=True, template_tokenizer=byte_level(DROPS_SYSTEM))
    assert found.text.endswith("assistant: x</s>")


def test_messages_the_template_refuses_are_one_clear_line() -> None:
    with pytest.raises(TemplateProblem, match=r"refuses turns of user, user, assistant \(roles must alternate\)"):
        render(byte_level(MISTRAL_LIKE), [*USER, *USER], "x", instruction="", count_end_of_turn=True)
    with pytest.raises(TemplateProblem, match="needs role and content, both texts"):
        render(
            byte_level(), [{"role": "user", "content": [{"type": "text"}]}], "x", instruction="", count_end_of_turn=True
        )  # type: ignore[dict-item]
