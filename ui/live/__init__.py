"""What the Live page is made of."""
