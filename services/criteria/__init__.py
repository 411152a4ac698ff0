"""Criteria: versions, drafts, exemplars, profiles."""
