"""The report: one HTML file without scripts and without a network, made from a certificate; and its panel."""
