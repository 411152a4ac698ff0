"""Reviews: what a person sees of an item, and what they decide."""
