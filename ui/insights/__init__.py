"""The parts of the Insights screen: what decisions prove, where to look again, from a figure to its items."""
