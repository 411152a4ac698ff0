"""Plans and looks: which items people are handed, in which order and why, who holds which, what became of it."""
