"""The pair map: every ordered pair of several models over one dataset."""
