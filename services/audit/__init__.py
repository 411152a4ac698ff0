"""What the looks prove: outcomes of a sample, accuracy with a bound, calibrated confidence, labels accepted unlooked.

    outcomes     (plan, run) -> what became of each item of the sample, and of those decided before it was drawn
    accuracy     the share of suggestions people agree with, over the whole dataset, with a bound
    calibrate    margin -> how often people agree; a guide for order and confidence, never a proof
    auto_accept  the margin above which labels may be accepted unlooked, under a bound; applied and revoked as one

The mathematics is in `services.statistics`; drawing and handing out items in `services.looks`.
"""
