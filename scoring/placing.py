"""Which device a model goes to: apart from what is at work, then where most memory is free. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceLoad:
    """One device. held: by all models there; in_use: by those that somebody holds open, which cannot be dropped."""

    device: str
    budget: int
    held: int = 0
    in_use: int = 0

    def can_take(self, needed: int) -> bool:
        """Whether `needed` bytes fit once everything idle is dropped."""
        return self.in_use + needed <= self.budget


def choose_device_for(needed: int, loads: Sequence[DeviceLoad]) -> int | None:
    """The place in `loads` of the device to take `needed` bytes, or None when none can.

    The one with the least at work comes first, so that the two models of a pair compute at the same time; among
    equals the one with most free memory, which drops the fewest idle models; then the first.
    """
    able = [place for place, load in enumerate(loads) if load.can_take(needed)]
    if not able:
        return None
    return min(able, key=lambda place: (loads[place].in_use, loads[place].held - loads[place].budget, place))
