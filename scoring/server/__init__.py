"""Models at a server that speaks OpenAI's completions."""
