"""The plans of a dataset on a screen: what there is, how far it is, making one."""
