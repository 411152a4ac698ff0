"""The engines: from token requests to exact log-probs."""
