"""Control-token text inside untrusted text: a response that contains "<|im_end|>" must not end its own turn.

Each control token of a tokenizer gets a stand-in of the same length, made of one private-use character:

    user wrote       a <|im_end|> b          mark(): a ########## b
    template wrote   <|im_start|>assistant   stays
    rendered         <|im_start|>assistant\na ##########  b<|im_end|>
    swapped          ************assistant\na <|im_end|> b##########    to a tokenizer that knows only stand-ins

The second tokenizer is the first with its control tokens renamed to the stand-ins, so the user's "<|im_end|>" runs
through the ordinary pipeline as the plain text it is. Equal lengths keep every character offset.
"""

import json
import re
from collections.abc import Iterable

from tokenizers import Tokenizer

from scoring.errors import TemplateProblem

FIRST_STAND_IN = 0x100000  # Supplementary Private Use Area-B: no writing system, no known tokenizer, uses it


class ControlTokens:
    """The control tokens of one tokenizer and their stand-ins."""

    def __init__(self, contents: Iterable[str]) -> None:
        known = sorted({content for content in contents if content})
        self.stand_ins = {content: chr(FIRST_STAND_IN + index) * len(content) for index, content in enumerate(known)}
        self._contents = {stand_in: content for content, stand_in in self.stand_ins.items()}
        self._reserved = {stand_in[0] for stand_in in self._contents}
        self._find_control = _any_of(self.stand_ins)
        self._find_stand_in = _any_of(self._contents)
        self._find_either = _any_of([*self.stand_ins, *self._contents])

    def mark(self, text: str) -> str:
        """Untrusted text with control tokens replaced by stand-ins.

        Raises TemplateProblem for text that cannot be told apart afterwards or is not valid Unicode.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise TemplateProblem(
                f"character {error.start} is half of a surrogate pair (U+{ord(text[error.start]):04X}), which no "
                "tokenizer reads; repair the text's encoding"
            ) from error
        reserved = next((char for char in text if char in self._reserved), None) if not text.isascii() else None
        if reserved is not None:
            raise TemplateProblem(
                f"the text holds the private-use character U+{ord(reserved):X}, which stands for a control token here; "
                "remove it"
            )
        return self._find_control.sub(lambda found: self.stand_ins[found[0]], text)

    def unmark(self, text: str) -> str:
        """The text as written, for showing."""
        return self._find_stand_in.sub(lambda found: self._contents[found[0]], text)

    def is_marked(self, text: str) -> bool:
        """Whether a stand-in occurs, that is, whether somebody wrote control text."""
        return self._find_stand_in.search(text) is not None

    def swap(self, text: str) -> str:
        """Stand-ins become control text and control tokens become stand-ins, for the renamed tokenizer."""
        other = self.stand_ins | self._contents
        return self._find_either.sub(lambda found: other[found[0]], text)

    def first_end_in(self, text: str) -> int | None:
        """Where the first control token of the text ends; None when it has none."""
        found = self._find_control.search(text)
        return found.end() if found else None


def rename_control_tokens(tokenizer_json: str, control: ControlTokens) -> Tokenizer:
    """The same tokenizer, knowing its control tokens only by their stand-ins.

    Raises TemplateProblem when the tokenizer cannot be rebuilt that way.
    """
    data = json.loads(tokenizer_json)
    rename = control.stand_ins
    for token in data["added_tokens"]:
        token["content"] = rename.get(token["content"], token["content"])
    model = data["model"]
    # Renamed in the model's vocabulary too: ids stay, and no ordinary piece can spell a control token by accident.
    if isinstance(model["vocab"], dict):
        model["vocab"] = {rename.get(piece, piece): index for piece, index in model["vocab"].items()}
    else:
        model["vocab"] = [[rename.get(piece, piece), score] for piece, score in model["vocab"]]
    if model.get("unk_token") is not None:
        model["unk_token"] = rename.get(model["unk_token"], model["unk_token"])
    try:
        return Tokenizer.from_str(json.dumps(data))
    except Exception as error:  # tokenizers raises bare Exception for whatever its Rust side refuses
        raise TemplateProblem(
            f"the tokenizer cannot encode control-token text as plain text ({error}); remove such text from the item"
        ) from error


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the texts, the longest first; with none, nothing at all."""
    return re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)) or r"(?!)")
