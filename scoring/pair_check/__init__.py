"""A pair looked at before use: config and tokenizer, no weights."""
