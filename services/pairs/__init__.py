"""Model pairs: the catalogue, a user's own file, the check before use."""
