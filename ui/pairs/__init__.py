"""What the Pairs page is made of."""
