"""One small program a tool, run by that tool's own interpreter; it imports nothing but the tool, torch and stdlib."""
