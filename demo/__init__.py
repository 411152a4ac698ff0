"""The embedded demo: a tiny strong and weak model of a tea shop's help desk, their data, and what makes both."""
