"""Print the cost of targets before anything runs.

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
    parser = argparse.ArgumentParser(
        prog="chainofsteps plan", description="The cost of a target, before anything runs."
    )
    files = "configuration (default: config.yaml), and files to lay over it, in order"
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="paths or rules, as for Snakemake (default: all)")
    parser.add_argument("--config", nargs="+", default=["config.yaml"], metavar="FILE", help=files)
    parser.add_argument("--model", metavar="NAME", help="the entry of `models` to count (default: the configured one)")
    parser.add_argument("--directory", default=".", metavar="FOLDER", help="the folder of results/ (default: here)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    with reported():
        words = {} if options.model is None else {"model": options.model}
        config = load_config(*options.config, **words)
        plan = plan_of(config, options.targets or ["all"], options.directory)
        print(json.dumps(printed.as_json(plan), indent=2) if options.json else printed.table(plan), flush=True)
        plan.check()


if __name__ == "__main__":
    main()
