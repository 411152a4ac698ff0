"""The benchmark room: Tare against public packages, on one machine, with the same token ids. `make bench` runs all."""
