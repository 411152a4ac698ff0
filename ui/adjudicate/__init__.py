"""The parts of the Adjudicate page."""
