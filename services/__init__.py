"""The verbs of the product: each takes a sessionmaker and collaborators and returns frozen dataclasses.

Knows the database and the scoring interfaces; knows no screen, no chart and no torch.
"""
