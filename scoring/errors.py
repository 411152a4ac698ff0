"""Everything that can go wrong while weighing, as one small tree.

    ScoringError
    ├── ModelUnavailable    not there, gated, broken, or too big for the memory at hand
    │   └── UnsafeModel     there, but only as pickled weights or with code of its own
    ├── BadCatalogue        a pairs, world or criteria file breaks its format
    ├── TemplateProblem     the chat template refuses the messages, or hides where a text went
    ├── PromptTooLong       the prompt alone leaves no room in the model's context
    └── EngineFailed        the forward pass broke or gave NaN; never a wrong number instead

Every message is one line: the fact with its value, the rule, the way out. It may go to the screen as it is.
"""


class ScoringError(Exception):
    """Base of all errors of this package."""


class ModelUnavailable(ScoringError):
    """The model cannot be had: which one, which file, why, what to do."""


class UnsafeModel(ModelUnavailable):
    """Loading it would run code from the model's files (pickle or remote code)."""


class BadCatalogue(ScoringError):
    """A catalogue file breaks its format: one line per bad entry."""


class TemplateProblem(ScoringError):
    """The chat template refuses these messages, or a text cannot be located in what it wrote."""


class PromptTooLong(ScoringError):
    """The prompt alone fills the model's context."""


class EngineFailed(ScoringError):
    """The forward pass failed or produced NaN or infinity."""
