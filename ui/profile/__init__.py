"""The criteria profile of one item, for Review and Live."""
