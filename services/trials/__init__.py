"""Trials: a draft of criteria weighed beside a run, before it is adopted."""
