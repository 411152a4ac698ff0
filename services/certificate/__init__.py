"""Certificates: what the decisions prove, word for word, with the hashes of what it rests on, and its verification.

canonical   one text for one value, hashes, a chain of hashes over rows
as_of       sessions that see the database as it stood after a given decision
evidence    hashes over items, suggestions, decisions and looks
figures     every figure of a certificate, each from one verb of the audit
build       a certificate made, kept and found again
verify      every figure derived again from the database, and what differs
"""
