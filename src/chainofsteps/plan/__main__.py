"""What targets cost, before anything runs.

python -m chainofsteps.plan [TARGET ...] [--json] [--model NAME] [--config config.yaml [mine.yaml ...]]
"""

import argparse
import json
from collections.abc import Sequence

from ..config.read import load_config
from ..errors import reported
from . import printed
from .target import plan_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the targets of `arguments` (None: of the command line) still cost, as a table or as JSON.

    A bad configuration, or a job that cannot fit the GPU, ends in one line on stderr and SystemExit(1).
    """
    parser = argparse.ArgumentParser(prog="python -m chainofsteps.plan", description="What a target costs, beforehand.")
    files = "configuration (default: config.yaml), and files to lay over it, in order"
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what Snakemake would make (default: all)")
    parser.add_argument("--config", nargs="+", default=["config.yaml"], metavar="FILE", help=files)
    parser.add_argument("--model", metavar="NAME", help="the entry of `models` to count (default: the configured one)")
    parser.add_argument("--directory", default=".", metavar="FOLDER", help="where results lie (default: here)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    with reported():
        words = {} if given.model is None else {"model": given.model}
        config = load_config(*given.config, **words)
        found = plan_of(config, given.targets or ["all"], given.directory)
        print(json.dumps(printed.as_json(found), indent=2) if given.json else printed.table(found), flush=True)
        found.check()


if __name__ == "__main__":
    main()
