"""The configuration as a whole: of every key its type, its bounds, its default and its description, only here.

A key without a default is a choice that config.yaml makes. The schema for editors is generated from these models:
`python -m chainofsteps.config`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..bench.evalkit.kits import EVALKIT, PRO
from ..interval import Interval
from ..names import CRF
from .entry import Entry, Source
from .probes import (
    ActivationsSection,
    CandidatesSection,
    EnsembleSection,
    FewStepsSection,
    FramesSection,
    LadderSection,
    LinearReadoutSection,
    NoiseSection,
    SimilaritySection,
    SkillSection,
    SwapSection,
    X0PredSection,
)
from .protocol import PROTOCOLS
from .types import (
    AnyNumber,
    FolderPath,
    Indices,
    Name,
    Number,
    Section,
    Seed,
    Several,
    Sha256,
    Share,
    Tasks,
)


class CasesSection(Section):
    """The cases the model is asked to solve."""

    folder: FolderPath | None = Field(
        None,
        description="null makes the embedded benchmark's puzzles. Otherwise a folder in the layout of VBVR-Bench, "
        "In-Domain_50|Out-of-Domain_50/<task>/<case>; a relative path is relative to the Snakefile.",
    )
    source: Source | None = Field(
        None,
        description="VBVR-Bench, or a dataset on the hub with the same tasks in the same layout, downloaded once into "
        "`models_folder`; null for none. Instead of `folder`.",
    )
    tasks: Tasks = Field(description="Tasks, by the names of the puzzles or of the folders.")
    number: Number | None = Field(
        description="Cases of each task, of a folder the first ones; null for all of a folder."
    )
    number_elsewhere: Number = Field(
        description="Cases of each puzzle that is none of these tasks, but of another section."
    )
    shard_size: Number = Field(
        description="Cases of one job. A job loads its model once, so more is cheaper; fewer spreads over more "
        "machines."
    )
    size: Annotated[str, Field(pattern="^([0-9]{1,4}x[0-9]{1,4}|rounded)$")] | None = Field(
        None,
        description="Width and height in pixels, such as 480x480 or 832x480: multiples of 16. The board of puzzles "
        "made here is the square in the middle; null: its own size, 64x64 and up to 112x112 for larger mazes. Pictures "
        "of a folder's cases are resized; null: as they are; rounded: sides rounded up to multiples of 16.",
    )
    frames: Annotated[int, Field(ge=17, le=10_001)] | None = Field(
        None,
        description="Frames of puzzles made here, 4k + 1 and 17 at the least; null: 17. Of a folder, of those cases "
        "that have no ground_truth.mp4.",
    )
    first_seed: Annotated[int, Field(ge=0, le=2**62)] = Field(
        900000,
        description="Case i of a puzzle made here is drawn from seed first_seed + i. Layouts are held out from "
        "training.",
    )
    scorer: Literal["rule", "evalkit"] = Field(
        "rule",
        description="The score that the figures show. rule is the exact rule of a puzzle; evalkit is the official "
        "scorer (section evalkit), which knows the hundred tasks of VBVR-Bench and no others.",
    )


class EvalkitSection(Section):
    """The official scorer of VBVR-Bench or of VBVR-Pro-Bench, in an environment of its own."""

    repo: Literal[EVALKIT, PRO] = Field(
        EVALKIT,
        description="The repository of the scorer on github.com: EvalKit's, of VBVR-Bench, or that of VBVR-Pro-Bench.",
    )
    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] = Field(
        description="Of that repository. Scores of EvalKit before and after e92d9d8 (2026-04-14) differ."
    )
    sha256: Sha256 | None = Field(
        description="The hash of that commit's Python files (source_hash in bench/evalkit/source.py). null takes those "
        "that are there; scores are recorded with their hash in any case."
    )
    folder: FolderPath | None = Field(
        None,
        description="A checkout of that commit on this machine; a relative path is relative to the Snakefile. null "
        "downloads it into `models_folder`.",
    )
    python: FolderPath | None = Field(
        None,
        description="A Python that has opencv-python-headless from 4.10 to below 5, and what else stands in "
        "envs/evalkit.yaml or, for VBVR-Pro-Bench, envs/vbvr-pro.yaml: a name that PATH knows, or a path, which is "
        "relative to the Snakefile unless it is absolute. null takes that of conda, and makes one elsewhere.",
    )
    mode: Literal["task_specific", "weighted"] = Field(
        "task_specific",
        description="The score that the figures show, of the scorer's two; tables/evalkit.csv has both. task_specific "
        "is by the task's rules alone, as published; weighted is .15 first frame, .35 final frame, .15 smoothness, .10 "
        "quality, .25 task_specific.",
    )
    at_once: Number = Field(
        1,
        description="Videos of a job that are written and scored side by side, each by a core of its own, while the "
        "GPU decodes the next.",
    )
    crf: Annotated[int, Field(ge=0, le=51)] = Field(
        CRF,
        description="How much H.264 loses of the videos that are scored, as x264's crf: 0 nothing; the paper's tools "
        "write theirs with 25.",
    )
    time_limit: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        600.0, description="Seconds for one video; a video without a score stops the job."
    )


class TrajectorySection(Section):
    """The untouched runs."""

    seeds: Several[Seed] = Field(description="Seeds of the initial noise; every intervention is done to each.")
    null_seed: Seed = Field(
        description="Seed of one more untouched run of each case, the null that perturbed runs are compared with; not "
        "one of `seeds`."
    )
    other_seeds: Literal["together", "apart"] = Field(
        "together",
        description="Where the null and the other seeds of `ensemble` run. together: in the jobs of `seeds`, which are "
        "fewer. apart: in jobs of their own, so that a target that reads `seeds` alone, such as tables/evalkit.csv, "
        "never waits for them.",
    )
    keep: Literal["all", "ends"] = Field(
        "all",
        description="The latents of each run that stay on disk. all: of every step. ends: the noise and the final "
        "latents, a few percent of the room: enough for tables/evalkit.csv, tables/few_steps.csv, "
        "tables/frames.csv and, with ensembles that merge at step 0, Table 1.",
    )
    share_noise_over_cases: bool = Field(
        False,
        description="true seeds a generator with the seed alone, so that all cases start from the same noise, as the "
        "paper's tools do; false seeds it with case and seed, so that cases are independent.",
    )


class PanelRow(Section):
    """One grid of x0_pred, such as {figure, panel, puzzle, case, seed, steps, frames}."""

    figure: Literal["fig1", "fig2", "fig4", "fig5", "figA9", "figA10", "figA11", "figA12", "figB1"] = Field(
        description="The figure that shows the grid."
    )
    panel: Annotated[str, Field(pattern="^[a-z]$")] = Field(description="Its letter in the figure.")
    puzzle: Name = Field(description="A task of `cases` or of `x0_pred`.")
    case: Name = Field(description="The name of the case; of puzzles made here 00000, 00001, ...")
    seed: Seed = Field(description="One of `trajectory.seeds`, or `trajectory.null_seed`.")
    steps: Indices = Field(description="The rows: steps.")
    frames: Indices = Field(
        description="The columns: frames of the video. Words are for puzzles made here, whose length is known."
    )


class StatisticsSection(Section):
    """Bootstrap intervals over cases."""

    resamples: Annotated[int, Field(ge=100, le=100_000)] = Field(Interval.resamples, description="Bootstrap resamples.")
    level: Share = Field(Interval.level, description="Coverage of the interval.")
    seed: Seed = Field(Interval.seed, description="Of the bootstrap.")


class Configuration(Section):
    """Every choice of a run. No key is for step caches (TeaCache, FirstBlockCache, PAB and the like): they change the
    quantities that are measured."""

    model: Name = Field(description="The entry of `models` that the figures are drawn for.")
    protocol: Literal[*PROTOCOLS] = Field(
        "exact",
        description="exact: the keys stand as they are given. paper: those of the paper's own runs stand in their "
        "place (config/protocol.py), for the configured model: 50 steps, shift 5, guidance 5, experts part at 0.875; "
        "timesteps, latents and guidance in bfloat16; a VAE in bfloat16 by tiles; one noise for all cases; sides "
        "rounded up to multiples of 16; videos for EvalKit with crf 25.",
    )
    models_folder: FolderPath = Field(
        "models",
        description="The folder of downloaded weights, as <owner>/<name>/<revision>; a relative path is relative to "
        "the Snakefile.",
    )
    gpu_memory_gb: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        None,
        description="Memory of the GPU that a job gets, in GB. A job that cannot fit into it stops the run before "
        "anything is queued; null: it is not checked.",
    )
    shared: AnyNumber[FolderPath] = Field(
        [],
        description="`results` folders of other runs, which are only ever read; a relative path is relative to the "
        "Snakefile. A file that a shard lists in them is taken instead of being computed here, if its settings, its "
        "recipe, its model and its case are the same by their hashes, and its bytes are those that the shard lists.",
    )
    cases: CasesSection
    evalkit: EvalkitSection
    trajectory: TrajectorySection
    noise: NoiseSection
    similarity: SimilaritySection = Field(default_factory=SimilaritySection)
    skill: SkillSection
    x0_pred: X0PredSection
    candidates: CandidatesSection
    few_steps: FewStepsSection
    ensemble: EnsembleSection
    frames: FramesSection
    activations: ActivationsSection
    linear_readout: LinearReadoutSection
    ladder: LadderSection
    swap: SwapSection
    panels: list[PanelRow] = Field(
        description="Grids of x0_pred for the figures that show runs, one row for each grid. A row whose puzzle, case, "
        "seed, step or frame does not exist is refused before its figure is begun."
    )
    statistics: StatisticsSection = Field(default_factory=StatisticsSection)
    models: Annotated[dict[Name, Entry], Field(min_length=1)] = Field(
        description="The models that can be chosen, by name."
    )
