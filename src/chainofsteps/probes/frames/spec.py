"""The frame counts that are run beside a video's own. No torch here."""

from collections.abc import Iterable

from ...errors import InputError


def other_counts(counts: Iterable[int], own: int) -> list[int]:
    """The frame counts that are run beside a video's own. InputError for one above that: its truth ends there."""
    for count in counts:
        if count > own:
            raise InputError(f"frames.counts: {count} frames are more than the {own} of the video; leave it out")
    return sorted({*counts} - {own})
