"""Small pieces the working screens share: their look, a problem in one line, a quiet note, a number with its basis.

Every text is escaped here. Leaves out the frame (frame.py) and the Review screen's own pieces.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.prose import safe

LOOK = Path(__file__).with_name("panels.css")


def apply_look() -> None:
    """The styles of facts, run heads and moves; once per page."""
    st.html(LOOK)


def problem(text: str) -> None:
    """What went wrong and the way out, in one line."""
    st.html(f'<div class="t-notice-error" role="alert" dir="auto">{_line(text)}</div>')


def note(text: str) -> None:
    """Something worth knowing, in one line; may hold names from files."""
    st.html(f'<div class="t-notice" dir="auto">{_line(text)}</div>')


def fact(name: str, value: str, basis: str) -> None:
    """A number with what it rests on; never the number alone."""
    st.html(
        f'<div class="t-fact"><div class="t-muted">{safe(name)}</div><div class="t-number">{safe(value)}</div>'
        f'<div class="t-muted">{safe(basis)}</div></div>',
        width="content",
    )


def pressed(
    label: str, *, key: str, icon: str | None = None, is_primary: bool = False, is_disabled: bool = False
) -> bool:
    """A button for work that the script itself does, with progress; whether it was pressed.

    A callback keeps the press: a visit that is sent through app.py runs twice, and the second run would not see it.
    """
    flag = f"{key}_pressed"
    st.button(
        label, key=key, icon=icon, disabled=is_disabled, type="primary" if is_primary else "secondary",
        on_click=lambda: st.session_state.__setitem__(flag, True),
    )  # fmt: skip
    return bool(st.session_state.pop(flag, False)) and not is_disabled


def _line(text: str) -> str:
    """One line that begins with a capital."""
    line = " ".join(text.split())
    return safe(line[:1].upper() + line[1:])
