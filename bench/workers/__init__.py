"""One small program per tool. Each is run by that tool's own interpreter and imports nothing but it, torch and stdlib."""
