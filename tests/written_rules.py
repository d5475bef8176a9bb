"""The rules of the workflow as they are written, for tests that hold them against lists elsewhere."""

import re
from pathlib import Path

RULES = Path(__file__).parents[1] / "workflow" / "rules"
RULE = re.compile(
    r"^(?:use rule (?P<other>\w+) as|rule|checkpoint) (?P<name>\w+)(?: with)?:\n"
    r"(?P<body>.*?)(?=^use |^rule |^checkpoint |\Z)",
    re.M | re.S,
)


def written_rules():
    """The body of each rule by its name: of one that is made of another by `use rule` its own, then the other's."""
    bodies = {}
    for path in sorted(RULES.glob("*.smk")):
        for rule in RULE.finditer(path.read_text()):
            bodies[rule["name"]] = rule["body"] + bodies.get(rule["other"], "")
    return bodies


def rules_with_gpu():
    """Names of the rules whose jobs take a GPU."""
    return {name for name, body in written_rules().items() if re.search(r"^ +gpu=1,$", body, re.M)}
