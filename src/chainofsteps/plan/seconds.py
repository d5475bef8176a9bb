"""Seconds of a forward: measured by `make bench`, else published, else unknown. No torch here.

Of another number of tokens they are scaled by the operations of a forward, and said to be an estimate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .model import Model

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


def seconds_of(config: Mapping[str, Any], model: Model, tokens: int | None, folder: Path) -> list[Seconds]:
    """The measured seconds of forwards of so many tokens, of one entry of `models`; else the published ones.

    folder: benchmarks/. tokens: None where the cases are not here, whose size nobody knows: as measured or published.
    Figures of other numbers of tokens are scaled, from the nearest, by `operations`; they are left out where the
    model's sizes are not known. InputError if the folder's file is not one of measurements.
    """
    of_model = [record for record in measured(folder / MEASURED) if record["model"] == model.name]
    found = _scaled(of_model, f"measured, benchmarks/{MEASURED}", model, tokens)
    if found:
        return found
    published = (config["models"][model.name].get("published") or {}).get("seconds_per_forward") or []
    records = [{"batch": 1, "device": "cuda", **figure} for figure in published]
    return [found for record in records for found in _scaled([record], f"published, {record['source']}", model, tokens)]


def _scaled(records: Sequence[Mapping[str, Any]], source: str, model: Model, tokens: int | None) -> list[Seconds]:
    """Of the records of each machine those of the number of tokens that is nearest, scaled to `tokens`."""
    by_hardware = []
    for hardware, device in dict.fromkeys((record["hardware"], record["device"]) for record in records):
        of_hardware = [record for record in records if record["hardware"] == hardware]
        nearest = min((record["tokens"] for record in of_hardware), key=lambda own: abs(own - (tokens or own)))
        factor, said = 1.0, source
        if tokens is None:
            said += f"; of {nearest:,} tokens, the cases are not here"
        elif tokens != nearest:
            if model.width is None or model.ffn_width is None:
                continue
            factor = operations(model, tokens) / operations(model, nearest)
            said += f"; an estimate, scaled from {nearest:,} to {tokens:,} tokens"
        of_nearest = [record for record in of_hardware if record["tokens"] == nearest]
        by_batch = {record["batch"]: record["seconds"] * factor for record in of_nearest}
        by_hardware.append(Seconds(by_batch, hardware, device, said))
    return by_hardware


def operations(model: Model, tokens: int) -> float:
    """Multiplications of a layer's forward of n tokens: linear maps 6 d^2 n + 2 d f n, attention 2 d n (n + text)."""
    (width, ffn_width), text = model.known("width", "ffn_width"), model.text_tokens
    return 6 * width**2 * tokens + 2 * width * ffn_width * tokens + 2 * width * tokens * (tokens + text)


def measured(path: Path) -> list[dict[str, Any]]:
    """The records of a file of measurements; none if the file does not exist."""
    if not path.is_file():
        return []
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
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
