"""Random slips of the hand in config.yaml: each runs, or stops at once in one line that names the key or the line.

`make mutate-config` makes 500 of them, of a fixed seed, and reads each as the Snakefile does; the last few that run go
through a dry run of Snakemake as well. It fails for a traceback, for a refusal that names nothing, and for ten seconds.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from chainofsteps.config.configuration import Configuration
from chainofsteps.config.ranges import check_ranges
from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError

ROOT = Path(__file__).parents[1]
LIMIT = 10  # seconds
JUNK = [
    "",
    "null",
    "true",
    "-1",
    "0",
    "0.5",
    "1.5",
    "20.0",
    "1e9",
    "1000000000",
    "99999999999999999999",
    ".nan",
    ".inf",
]
JUNK += [
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "[[0]]",
    "~/x",
    "''",
    "abc",
    "ALL",
    "00001",
    "2024-01-01",
    "2024-13-45",
    "*gone",
]
JUNK += ["&a [*a]", "!!int x", "@x", "'x", "x: y", "[0, 0]", "${HOME}", "../..", "/", "a b", "ä", "\x07", "\t", "yes"]


def line_of(lines, draw, pattern="."):
    """The number of a line that a pattern fits, such as one with a key."""
    return draw.choice([number for number, line in enumerate(lines) if re.search(pattern, line)] or [0])


def value(lines, draw):
    here = line_of(lines, draw, r"^\s*\w[\w-]*: *[^{#\s]")
    lines[here] = re.sub(r"(:\s*)[^#]*", lambda found: found[1] + draw.choice(JUNK) + " ", lines[here], count=1)


def value_within(lines, draw):
    here = line_of(lines, draw, r"\{.*:.*\}")
    parts = re.split(r"([{,:]\s*)", lines[here])
    parts[draw.randrange(len(parts))] = draw.choice(JUNK)
    lines[here] = "".join(parts)


def key(lines, draw):
    here = line_of(lines, draw, r"^\s*\w[\w-]*:")
    name = re.search(r"\w[\w-]*(?=:)", lines[here])[0]
    spelt = draw.choice([name.upper(), name.title(), name[:-1], name + "s", name[::-1], name[1:] + name[0], "x"])
    lines[here] = lines[here].replace(name, spelt, 1)


def colon(lines, draw):
    here = line_of(lines, draw, ":")
    lines[here] = lines[here].replace(":", draw.choice(["", " ", "::", ";", "="]), 1)


def indent(lines, draw):
    here = line_of(lines, draw, r"^\s*\w")
    lines[here] = draw.choice([" ", "  ", "\t", "      "]) + lines[here].lstrip(draw.choice([" ", ""]))


def letter(lines, draw):
    here = line_of(lines, draw, r"^[^#]+$")
    at = draw.randrange(len(lines[here]))
    lines[here] = (
        lines[here][:at] + draw.choice("x0:,[]{}'\"#&*!|>%@`-\t\x00ß ") + lines[here][at + draw.randrange(2) :]
    )


def removed(lines, draw):
    del lines[line_of(lines, draw, r"^[^#]+$")]


def twice(lines, draw):
    here = line_of(lines, draw, r"^\s*[^#]")
    lines.insert(here, lines[here])


def moved(lines, draw):
    lines.insert(draw.randrange(len(lines)), lines.pop(line_of(lines, draw, r"^\s*\w")))


def cut(lines, draw):
    del lines[draw.randrange(len(lines)) :]


def inserted(lines, draw):
    lines.insert(
        draw.randrange(len(lines)), draw.choice(["---", "...", "- a", "x", "x: 1", "? y", "\t", "%TAG", "<<: 1"])
    )


SLIPS = [
    value,
    value,
    value,
    value_within,
    value_within,
    key,
    key,
    colon,
    indent,
    letter,
    letter,
    removed,
    twice,
    moved,
]
SLIPS += [cut, inserted]


def mutated(text, draw):
    """(the slip's name, the text after it)."""
    lines, slip = text.splitlines(), draw.choice(SLIPS)
    slip(lines, draw)
    return slip.__name__, "\n".join(lines) + "\n"


def tried(path):
    """(None if it can run, else the refusal, else a traceback; seconds)."""
    began, refusal = time.monotonic(), None
    try:
        config = load_config(path)
        check_ranges(config, config["models"][config["model"]]["steps"], 5, 8)
    except InputError as error:
        refusal = str(error)
    except Exception:
        refusal = traceback.format_exc()
    return refusal, time.monotonic() - began


def named(refusal):
    """True for one line that names a line of the file, or a key by its place."""
    places = "|".join(Configuration.model_fields)
    found = re.search(rf", line \d+: | is empty; |unknown key ['\"]|\.yaml: (?:key |model )?'?(?:{places})\b", refusal)
    return "\n" not in refusal and bool(found)


def dry_run(path, folder):
    """(what is wrong with a dry run of Snakemake, seconds)."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--configfile", path]
    began = time.monotonic()
    ended = subprocess.run([*map(str, command), "-n", "--", "figures/fig3.pdf"], capture_output=True, text=True)
    said = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    wrong = ended.returncode and (len(said) != 1 or "Traceback" in ended.stderr)
    return (ended.stderr[-1000:] if wrong else ""), time.monotonic() - began


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry-runs", type=int, default=6, help="of those that can run")
    parser.add_argument("--show", action="store_true", help="every refusal")
    options = parser.parse_args(arguments)
    text, draw, faults, run = (ROOT / "config.yaml").read_text(), random.Random(options.seed), [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.number):
            slip, changed = mutated(text, draw)
            path = Path(folder, f"{number:03d}-{slip}.yaml")
            path.write_text(changed)
            refusal, seconds = tried(path)
            if seconds > LIMIT or (refusal and not named(refusal)):
                faults.append(f"{path.name}: {seconds:.1f} s: {refusal}")
            if options.show and refusal:
                print(path.name, refusal)
            run += [path] * (refusal is None)
        for path in run[-options.dry_runs :]:
            wrong, seconds = dry_run(path, folder)
            if wrong or seconds > LIMIT:
                faults.append(f"{path.name}: {seconds:.1f} s in a dry run: {wrong}")
    print(*faults, f"{options.number} slips: {len(run)} run, {len(faults)} are unclear", sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
