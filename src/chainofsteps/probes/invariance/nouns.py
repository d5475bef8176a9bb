"""The recipe of the table of this probe; it makes no shards. No torch here."""

RECIPES = {"invariance": 1}
