"""What the Map tab of Pairs is made of."""
