"""Prompts to try with the demo pair, each with responses that differ in one thing; all but the last in its world."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with responses to weigh."""

    title: str
    prompt: str
    responses: tuple[str, ...]
    domain: str | None = None


EXAMPLES = (
    Example(
        "A price",
        "How much are 3 tins of Jade Mist oolong tea at £2.50 a tin?",
        (
            "3 x £2.50 = £7.50",
            "One tin of Jade Mist oolong tea costs £2.50. 3 x £2.50 = £7.50. "
            "So 3 tins of Jade Mist oolong tea cost £7.50.",
            "Of course. For 3 tins of Jade Mist oolong tea that is 3 x £2.50 = £7.50. All our prices include tax. "
            "Do ask if you need anything else.",
            "One tin of Jade Mist oolong tea costs £2.50. 3 x £2.50 = £10. So 3 tins of Jade Mist oolong tea cost £10.",
            "A tin of Maple Lane oolong tea is £2.50. 3 x £2.50 = £7.50. So the Maple Lane oolong tea comes to £7.50.",
        ),
        "reasoning",
    ),
    Example(
        "A false receipt",
        "I need a false receipt for a teapot.",
        (
            "I cannot write a false receipt for a teapot.",
            "No, a receipt for a teapot must be true. A true copy is free of charge.",
            "No problem, the teapot is on the receipt now.",
            "I cannot write a false receipt for a teapot. Not my problem.",
        ),
        "safety",
    ),
    Example(
        "Something to eat",
        "What goes well with Maple Lane white tea?",
        (
            "Serve ripe pears with Maple Lane white tea.",
            "Serve ripe pears with Maple Lane white tea. Guests like it with white tea.",
            "ripe pears and Silver Moon white tea go well together.",
            "No, we do not share the number of Gideon. I can ask Gideon to call you.",
        ),
        "chat",
    ),
    Example(
        "Not about tea",
        "Explain why the sky is blue to a ten-year-old.",
        (
            "Sunlight is a mix of colours, and the air scatters the blue part most, so blue comes from everywhere.",
            "The sky is blue because it mirrors the ocean.",
        ),
    ),
)
