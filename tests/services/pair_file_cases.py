"""A user's catalogue file with three pairs and comments in it, for tests of what writes it."""

from __future__ import annotations

from typing import Any

from scoring.pairs import ModelPair, load_file
from services.pairs.files import own_file

MINE: dict[str, Any] = {
    "name": "mine", "title": "My tune", "strong": "me/strong", "weak": "me/weak", "parameters": "1 B each",
    "context": 4096, "licence": "MIT", "memory_gb": 4,
}  # fmt: skip
FILE = """\
# The pairs of our house.

[[pairs]]
name = "first"   # never rename: a script asks for it
title = "The first"
strong = "a/strong"
weak = "a/weak"
parameters = "1 B each"
context = 2048
licence = "MIT"
memory_gb = 4
# as measured in May

# --- from the second team ---

# the second, for long texts
[[pairs]]
name = "second"
title = "The second"
strong = "b/strong"
weak = "b/weak"
parameters = "2 B each"
context = 8192
licence = "MIT"
memory_gb = 8
[pairs.world]
model = "weak"
prompt_min = -5.5

[[pairs]]
name = "third"
title = '''The "third"
[[pairs]]
'''
strong = "c/strong"
weak = "c/weak"
parameters = "3 B each"
context = 8192
licence = "MIT"
memory_gb = 12

# the end
"""


def seen(name: str) -> ModelPair:
    return load_file(own_file())[name]
