"""The settled configuration of config.yaml, to be changed."""

from pathlib import Path

from chainofsteps.config.read import load_config

ROOT = Path(__file__).parents[1]


def default():
    return load_config(ROOT / "config.yaml")


def put(config, place, value):
    *sections, key = place.split(".")
    for section in sections:
        config = config[section]
    config[key] = value
