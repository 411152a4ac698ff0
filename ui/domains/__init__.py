"""What the Domains page is made of."""
