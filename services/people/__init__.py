"""What the decisions say of the people who made them: agreement, anchoring, habits, tastes."""
