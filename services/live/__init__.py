"""Live: one prompt weighed now."""
