"""Weighing: models, tokens, log-probs, ratio and criteria. Knows no database and no screen; works in a notebook.

errors, protocol, criteria, pairs, ratio, spans, world and chat (with rendering and encoder behind it) import without
torch; models, room, plain and sampling need it.
"""
