"""The settings of a bootstrap interval over cases. No numpy here: the configuration takes its defaults from this."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """resamples: how often cases are drawn. level: coverage in (0, 1). seed: of the draws."""

    resamples: int = 2000
    level: float = 0.95
    seed: int = 0
