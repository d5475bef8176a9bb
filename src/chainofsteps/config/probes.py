"""The sections of the probes: of every key its type, its bounds, its default and its description, only here.

A key without a default is a choice that config.yaml makes. Where a dataclass of a probe has the default, it comes from
there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..probes.ensemble.spec import CARRIES, Ensemble
from ..probes.ensemble.spec import MODES as MERGES
from ..probes.noise.features import KERNELS, Compared
from ..probes.noise.spec import NOISES, OPERATORS, SCHEMES, TIMINGS, NoiseAtFrame, NoiseAtStep
from ..probes.swap.spec import MODES as SWAPS
from .types import (
    AnyNumber,
    Below,
    Index,
    Indices,
    Name,
    Number,
    Positive,
    Section,
    Seed,
    Several,
    Share,
    Size,
    Steps,
    Tasks,
    Two,
)

OF_A_FOLDER = "Where cases come from a folder, the tasks of `cases` are taken instead."


class NoiseSection(Section):
    """Noise at a step and at a latent frame, for Figure 3."""

    schemes: Several[Literal[*SCHEMES]] = Field(
        [*SCHEMES],
        description="step puts noise on all latent frames at one step, frame on one latent frame at all the steps of "
        "`steps`.",
    )
    operators: Several[Literal[*OPERATORS]] = Field(
        description="replace is the paper's formula, x = a eps; renoise keeps the estimate, x = (1 - sigma) x0_pred + "
        "sigma a eps; add is x + a eps.",
    )
    amplitude: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        NoiseAtStep.amplitude, description="The standard deviation a of the noise."
    )
    timing: Literal[*TIMINGS] = Field(
        NoiseAtStep.timing,
        description="before edits the latents ahead of the forward pass of a step, after edits them behind its update.",
    )
    noise_seed: Seed = Field(
        NoiseAtStep.noise_seed,
        description="Seed of the injected noise, together with the case and the run's own seed.",
    )
    steps: Indices = Field(description="Steps of injection.")
    frames: Indices = Field(description="Latent frames of injection.")
    noise: Literal[*NOISES] = Field(
        NoiseAtFrame.noise,
        description="For noise at frame, the same noise at every step (fixed) or new noise at each (fresh).",
    )
    restore_first_frame: bool = Field(
        True,
        description="Where latent frame 0 was noised, by noise at step (always) or by noise at latent frame 0, put the "
        "latent of the case's first frame back before decoding: the causal decoder would spread the noise over the "
        "whole video.",
    )


class SimilaritySection(Section):
    """The distance of a perturbed run from the clean one, 1 - CKA at each later step."""

    features: Several[Annotated[str, Field(pattern="^(latents|x0_pred|block:[0-9]{1,4})$")]] = Field(
        list(Compared.features),
        description="The features that are compared, with tokens as samples: latents, x0_pred, and one block:<l>, the "
        "hidden states after a block. The first one is drawn as maps; the latents hold the injected noise itself.",
    )
    kernel: Literal[*KERNELS] = Field(Compared.kernel, description="Kernel of CKA.")
    unbiased: bool = Field(
        Compared.unbiased,
        description="The unbiased estimate. With few tokens the biased one is far above 0 for independent features "
        "(about 0.44 for 80 tokens of 64 channels).",
    )
    sensitivity: Literal["mean", "final"] = Field(
        "mean",
        description="Of an injection step, the mean dissimilarity over later steps, or that of the final latents.",
    )


class SkillSection(Section):
    """The model's skill, by the stock diffusers pipeline on the embedded benchmark: tables/skill.csv and Table 1."""

    number: Number = Field(description="Held-out cases of each puzzle.")
    tasks: Literal["all"] | Tasks = Field(
        "all",
        description="Puzzles of the embedded benchmark; all takes those in and out of domain. Table 1 is of these.",
    )


class X0PredSection(Section):
    """The score of x0_pred at every step: when is the answer decided?"""

    tasks: Literal["all"] | Tasks = Field(
        description="Puzzles of the embedded benchmark; all takes those that the embedded model was trained on. "
        + OF_A_FOLDER
    )
    live: Share = Field(0.1, description="Mass in the last frame of x0_pred above which a candidate answer is alive.")
    held: Share = Field(
        0.5,
        description="Mass from which on the leading candidate is an answer that is held, and from which on a reading "
        "(a mark, a motion, a reference) counts as present.",
    )


class CalibrationSection(Section):
    """Teacher forcing: the denoiser alone, on noisy latents made from the right answers."""

    steps: Indices = Field(
        Below(below=0.4),
        description="Steps whose sigmas the answers are noised to: the early ones, at which there is a choice.",
    )
    seeds: Several[Seed] = Field([1001, 1002, 1003, 1004], description="Seeds of the noise, together with the case.")


class CandidatesSection(Section):
    """The candidate answers in latents: weights of x0_pred on them at every step, beside the ideal denoiser's."""

    tasks: Literal["all"] | Tasks = Field(
        "all",
        description="Puzzles of the embedded benchmark; all takes those that the embedded model was trained on. "
        + OF_A_FOLDER,
    )
    number: Number = Field(
        description="Cases of each puzzle. Nothing is decoded, so more cases than those of other probes cost little: "
        "their runs, and the encoding of their answers."
    )
    shard_size: Number = Field(
        64,
        description="Cases of one job, of those that no other probe takes. Few large shards load the model less often; "
        "on a cluster more, smaller ones run side by side.",
    )
    calibration: CalibrationSection = Field(default_factory=CalibrationSection)


class FewStepsSection(Section):
    """The untouched runs sampled in other numbers of steps, from the same noise."""

    steps: Several[Steps] = Field(
        description="Numbers of Euler steps; the model's own number is taken from its trajectories."
    )
    distilled: Name | None = Field(
        None,
        description="An entry of `models` that was distilled to few steps, such as vbvr-wan2.2-4-steps: Table A3 shows "
        "it in its own number of steps beside few steps of the configured model; null for none.",
    )


class EnsembleSection(Section):
    """The training-free ensemble: hidden states of several seeds are merged in a window of layers, at some steps."""

    tasks: Literal["all"] | Tasks = Field(
        description="Puzzles of the embedded benchmark; all takes those in and out of domain. " + OF_A_FOLDER
    )
    headroom: AnyNumber[Name] = Field(
        [],
        description="Those of `tasks` that the model solves now and then, by tables/skill.csv: where every score is "
        "near 1 no gain can show. Figure 7 draws them apart.",
    )
    number: Number = Field(1, description="Cases of each puzzle in `headroom`, where that is more than `cases` has.")
    seeds: Two[Seed] = Field(
        description="Seeds that are merged; the first one is carried, and is an untouched run too, beside those of "
        "`trajectory`."
    )
    windows: Several[Annotated[str, Field(pattern="^[0-9]{1,4}-[0-9]{1,4}$")]] = Field(
        description="Windows of layers, <first>-<last>, counted from 0 in a model of `of_layers` layers."
    )
    of_layers: Steps = Field(
        description="The depth that `windows` are of; 40 is that of the paper's model. A window is the same part of "
        "the configured model's depth, every layer that it touches."
    )
    modes: Several[Literal[*MERGES]] = Field(
        description="mean puts the mean of the seeds in place of each, after the window's first layer (behind it all "
        "are equal); blend moves each a part `weight` of the way to the mean, after every layer of the window."
    )
    weight: Annotated[float, Field(gt=0, le=1)] = Field(Ensemble.weight, description="Of the mean, in mode blend.")
    carry: Literal[*CARRIES] = Field(
        Ensemble.carry,
        description="The first seed's latents go on with the merged velocity, or the mean of the seeds' latents.",
    )
    steps: Indices = Field(
        description="Steps at which streams are merged; at the others the one run goes on alone. At a second such step "
        "the other seeds' streams are those of their own untouched runs."
    )
    controls: bool = Field(
        True,
        description="Run what the same seeds give without merging too: each seed alone, whose difference is the null "
        "of the ensemble's, and the mean of their latents. false needs 202 forwards where true needs 602, of a case in "
        "50 steps with guidance and one window; `steps` must then be [0].",
    )


class FramesSection(Section):
    """The untouched runs in other frame counts, from the same first frame, prompt and noise."""

    counts: Several[Annotated[int, Field(ge=5, le=10_001)]] = Field(
        description="Numbers of frames, of the form 4k + 1 and none above the videos' own, which is taken from the "
        "trajectories whether it is listed here or not. A single frame would be the case's first frame."
    )
    tasks: Tasks = Field(description="Puzzles of the embedded benchmark. " + OF_A_FOLDER)


class ShownSection(Section):
    """The run whose maps Figure 6a shows."""

    task: Name = Field(description="A task of `activations`.")
    case: Name = Field(description="The name of the case.")
    seed: Seed = Field(description="A seed of `trajectory.seeds`.")
    step: Index = Field(description="A step of `activations.steps`.")


class ActivationsSection(Section):
    """L2 norms of the hidden states of every token, of the stored runs."""

    tasks: Tasks = Field(description="Puzzles of the embedded benchmark. " + OF_A_FOLDER)
    layers: Indices = Field("all", description="Layers after which norms are taken.")
    steps: Indices = Field(description="Steps whose stored latents are fed to the model once more.")
    branch: Literal["cond", "uncond", "both"] = Field(
        "cond",
        description="The branch with the prompt, the one without, or both; the latter two exist with guidance alone.",
    )
    scale: Literal["row", "global", "cell"] = Field(
        "row",
        description="The maps of Figure 6a share one colour scale in each row, in the whole figure (global), or not at "
        "all, as in the paper's tools (cell).",
    )
    shown: ShownSection = Field(description="The run whose maps Figure 6a shows.")


class LinearReadoutSection(Section):
    """After which layer a linear map of the hidden states gives the answer, by cross-validation: Figure 6e."""

    tasks: Tasks = Field(description="Puzzles whose candidate answers are known. " + OF_A_FOLDER)
    number: Number = Field(description="Cases of each puzzle, where that is more than `cases` has of it.")
    steps: Indices = Field(description="Steps whose forward is read.")
    tokens: Size = Field(1024, description="Tokens of a run that are kept at most, evenly spread.")
    width: Size = Field(512, description="Channels that are kept at most, by a fixed random projection.")
    folds: Annotated[int, Field(ge=2, le=1000)] = Field(5, description="Folds of the cross-validation, over cases.")
    shuffles: Steps = Field(5, description="Maps of the null, fitted to answers of other cases.")


class LadderSection(Section):
    """Models of one family, such as in different depths, in every number of steps: Figure B3, E4."""

    models: AnyNumber[Name] = Field(
        [],
        description="Entries of `models` with the configured model's VAE and encoders; without any there is no figure.",
    )
    tasks: Tasks = Field(description="Puzzles of the embedded benchmark.")
    number: Number = Field(description="Cases of each puzzle, where that is more than `cases` has of it.")
    steps: Several[Steps] = Field(description="Numbers of steps; at each model's own number every step is read.")
    residual: Positive = Field(
        description="Final latents that a mixture of the candidate answers misses by more are not counted as solved; "
        "in mean distances of two candidates."
    )


class PartSection(Section):
    """A set of tokens, by latent frame and by row of the token grid."""

    frames: Indices = Field("all", description="Latent frames.")
    rows: Indices = Field("all", description="Rows of the token grid.")


class SwapSection(Section):
    """Latent swap. The target is a case, the source the next one of its shard, from the target's noise; pairs with the
    same answer are left out and counted, or, of cases that evalkit scores, with videos of two sizes or lengths."""

    task: Name = Field(description="A puzzle with one first frame and one right answer a case; or one evalkit scores.")
    number: Number = Field(1, description="Cases of it, if `cases` has fewer; if evalkit scores it, the first so many.")
    layers: Indices = Field("all", description="Layers that are swapped: a swap begins at each.")
    widths: Several[Steps] = Field([1], description="How many neighbouring layers a swap takes.")
    modes: Several[Literal[*SWAPS]] = Field(
        description="residual puts the update of the source's block on the target's input of that block, tokens "
        "replaces some tokens of the block's output, full all of it, which is degenerate where the text is the same."
    )
    steps: Several[Indices] = Field(description="Sets of steps at which a layer is swapped.")
    parts: dict[Name, PartSection] = Field({}, description="The sets of tokens that mode tokens swaps, each apart.")
    to_the_end: AnyNumber[Literal[*SWAPS]] = Field(
        [*SWAPS],
        description="Modes whose runs go on to the end, for the answer of the final latents. Every swap is read in "
        "x0_pred at its last swapped step, where a run of another mode stops.",
    )
    matrix: bool = Field(True, description="Swap every layer at every single step too, mode residual.")
    matrix_pairs: Number = Field(description="The matrix is measured on so many pairs, the first of the task.")
