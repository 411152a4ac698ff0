"""The review screen."""

from ui import frame

frame.open_page(frame.REVIEW)
