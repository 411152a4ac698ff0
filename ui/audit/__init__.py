"""The parts of the Audit screen, one file a step."""
