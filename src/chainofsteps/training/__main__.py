"""Train the embedded model, stage by stage: python -m chainofsteps.training [stage ...]."""

import argparse
from pathlib import Path

from .clips import write_clips
from .loop import launch
from .vae import train_vae

STAGES = ("clips", "vae")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chainofsteps.training", description=__doc__)
    parser.add_argument("stages", nargs="*", help=f"in this order: {', '.join(STAGES)} (default: all)")
    parser.add_argument(
        "--work", type=Path, default=Path("training"), help="folder of checkpoints and pools (ignored by git)"
    )
    parser.add_argument("--processes", type=int, default=2, help="single-thread processes (default: 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=int, default=6000, help="clips in the VAE's pool")
    parser.add_argument("--vae-steps", type=int, default=2800)
    options = parser.parse_args()
    stages = options.stages or STAGES
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        parser.error(f"no stage is called {unknown[0]!r}; stages are {', '.join(STAGES)}")
    if "clips" in stages and not (options.work / "clips.npy").exists():
        write_clips(options.work / "clips.npy", options.clips, options.seed, options.processes)
    if "vae" in stages:
        launch(train_vae, options.processes, options.work, options.vae_steps, options.seed)


if __name__ == "__main__":
    main()
