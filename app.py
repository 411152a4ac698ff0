"""The entry of the desk: hands every visit to the frame, which holds the table of pages. Nothing else lives here."""

from ui import frame

frame.run_app()
