"""What the Criteria page is made of."""
