"""Seconds of a forward: measured by `make bench`, else published, else unknown. No torch here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError

MEASURED = "forwards.json"  # in benchmarks/: a list of records with the keys below
KEYS = {"model", "tokens", "batch", "seconds", "hardware", "device", "dtype"}


@dataclass(frozen=True)
class Seconds:
    """What a forward of one sample takes on one kind of hardware, by the size of the batch that it is in.

    device: cuda or cpu. source: the file of the measurement, or who published the figure.
    """

    by_batch: Mapping[int, float]
    hardware: str
    device: str
    source: str

    def at(self, batch: int) -> float:
        """In a batch of that size: as it was in the largest one measured that is not above it, else the smallest."""
        fitting = [size for size in self.by_batch if size <= batch]
        return self.by_batch[max(fitting) if fitting else min(self.by_batch)]

    @property
    def unit(self) -> str:
        return "CPU-hours" if self.device == "cpu" else "GPU-hours"


def seconds_of(config: Mapping[str, Any], name: str, tokens: int, folder: Path) -> list[Seconds]:
    """What is known of forwards of so many tokens, of one entry of `models`: measured figures, else published ones.

    folder: benchmarks/. A figure of another number of tokens says nothing here, since the cost does not grow in
    proportion. InputError if the file there is not one of measurements.
    """
    records = [one for one in measured(folder / MEASURED) if (one["model"], one["tokens"]) == (name, tokens)]
    found = []
    for hardware, device in dict.fromkeys((one["hardware"], one["device"]) for one in records):
        of_it = {one["batch"]: one["seconds"] for one in records if one["hardware"] == hardware}
        found.append(Seconds(of_it, hardware, device, f"measured, benchmarks/{MEASURED}"))
    if found:
        return found
    published = (config["models"][name].get("published") or {}).get("seconds_per_forward") or []
    return [
        Seconds({1: one["seconds"]}, one["hardware"], "cuda", f"published, {one['source']}")
        for one in published
        if one["tokens"] == tokens
    ]


def measured(path: Path) -> list[dict[str, Any]]:
    """The records of a file; none if there is no file."""
    if not path.is_file():
        return []
    try:
        records = json.loads(path.read_text())
    except ValueError:
        records = None
    if not isinstance(records, list) or not all(isinstance(one, Mapping) and set(one) >= KEYS for one in records):
        raise InputError(f"{path} is no list of measurements; delete it, and `make bench` makes it anew")
    return records


def renewed(records: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records with new ones in place of those of the same model, tokens, batch and hardware."""
    keys = ("model", "tokens", "batch", "hardware")
    named = {tuple(one[key] for key in keys): one for one in (*records, *new)}
    return list(named.values())
