"""The default configuration, to be changed."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def default():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def put(config, place, value):
    *sections, key = place.split(".")
    for section in sections:
        config = config[section]
    config[key] = value
