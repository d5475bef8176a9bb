"""The command line: ``chainofsteps COMMAND ...``, or ``python -m chainofsteps COMMAND ...``.

Each command hands its arguments to the program that does the work, and imports nothing before it is chosen: the help
text costs no torch.
"""

import argparse
from collections.abc import Sequence


def plan(arguments: Sequence[str]) -> None:
    """count the jobs, forwards, hours, disk and memory that a target still needs"""
    from .plan.__main__ import main as program

    program(arguments)


def verify(arguments: Sequence[str]) -> None:
    """check all results against their manifests; the arguments are those of snakemake"""
    from snakemake.cli import main as program

    from .config.overlays import check_overlays
    from .errors import reported

    with reported():
        check_overlays(arguments)
    program([*arguments, "--", "verify"])


def train(arguments: Sequence[str]) -> None:
    """train the embedded model anew, stage by stage"""
    from .training.__main__ import main as program

    program(arguments)


def first_look(arguments: Sequence[str]) -> None:
    """solve two puzzles with the embedded model in under a minute, as a grid and a video"""
    from .api.first_look import main as program

    program(arguments)


COMMANDS = {command.__name__.replace("_", "-"): command for command in (plan, verify, train, first_look)}


def parser() -> argparse.ArgumentParser:
    """The parser of the command's name; what follows the name is the command's own."""
    listing = "\n".join(f"  {name:11}{command.__doc__}" for name, command in COMMANDS.items())
    described = argparse.ArgumentParser(
        prog="chainofsteps",
        description="Measure how a video diffusion model reasons along its denoising steps.",
        epilog=f"commands:\n{listing}\n\n"
        "`chainofsteps COMMAND --help` lists the arguments of a command. Run it in the folder of the Snakefile.\n"
        "Figures and tables are targets of Snakemake: snakemake figures/fig3.pdf",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    described.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=", ".join(COMMANDS))
    described.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the command")
    return described


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that `arguments` (None: the command line) names; SystemExit(2) if it is unknown."""
    chosen = parser().parse_args(arguments)
    COMMANDS[chosen.command](chosen.arguments)


if __name__ == "__main__":
    main()
