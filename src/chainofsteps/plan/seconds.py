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
    """Seconds of a forward of one sample on one machine, by the size of the batch that the sample is in.

    device: cuda or cpu. source: the file of the measurement, or who published the figure.
    """

    by_batch: Mapping[int, float]
    hardware: str
    device: str
    source: str

    def at(self, batch: int) -> float:
        """Seconds in a batch of that size: of the largest measured batch that is not above it, else of the smallest."""
        fitting = [size for size in self.by_batch if size <= batch]
        return self.by_batch[max(fitting) if fitting else min(self.by_batch)]

    @property
    def unit(self) -> str:
        return "CPU-hours" if self.device == "cpu" else "GPU-hours"


def seconds_of(config: Mapping[str, Any], name: str, tokens: int, folder: Path) -> list[Seconds]:
    """The measured seconds of forwards of so many tokens, of one entry of `models`; else the published ones.

    folder: benchmarks/. A figure of another number of tokens is left out: the cost does not grow in proportion.
    InputError if the folder's file is not one of measurements.
    """
    records = [
        record for record in measured(folder / MEASURED) if (record["model"], record["tokens"]) == (name, tokens)
    ]
    by_hardware = []
    for hardware, device in dict.fromkeys((record["hardware"], record["device"]) for record in records):
        by_batch = {record["batch"]: record["seconds"] for record in records if record["hardware"] == hardware}
        by_hardware.append(Seconds(by_batch, hardware, device, f"measured, benchmarks/{MEASURED}"))
    if by_hardware:
        return by_hardware
    published = (config["models"][name].get("published") or {}).get("seconds_per_forward") or []
    return [
        Seconds({1: figure["seconds"]}, figure["hardware"], "cuda", f"published, {figure['source']}")
        for figure in published
        if figure["tokens"] == tokens
    ]


def measured(path: Path) -> list[dict[str, Any]]:
    """The records of a file of measurements; none if the file does not exist."""
    if not path.is_file():
        return []
    try:
        records = json.loads(path.read_text())
    except ValueError:
        records = None
    if not isinstance(records, list) or not all(
        isinstance(record, Mapping) and set(record) >= KEYS for record in records
    ):
        raise InputError(f"{path} is no list of measurements; delete it, and `make bench` makes it anew")
    return records


def renewed(records: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records, with `new` in place of those of the same model, tokens, batch and hardware."""
    keys = ("model", "tokens", "batch", "hardware")
    by_key = {tuple(record[key] for key in keys): record for record in (*records, *new)}
    return list(by_key.values())
