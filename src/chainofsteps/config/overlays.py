"""The files of --configfile, read before Snakemake reads them: its own words name neither the file nor the line.

python -m chainofsteps.config.overlays [arguments of snakemake]
"""

import argparse
import sys
from collections.abc import Sequence

from ..errors import reported
from . import text


def check_overlays(arguments: Sequence[str]) -> None:
    """InputError, with the line, for a file of --configfile that cannot be read. arguments: those of snakemake."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)  # else --config would be one
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    for path in parser.parse_known_args(arguments)[0].configfile:
        text.read(path)


if __name__ == "__main__":
    with reported():
        check_overlays(sys.argv[1:])
