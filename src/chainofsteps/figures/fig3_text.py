"""Figure 3 in words: a caption that says how it was measured, and a summary of what came out, by a fixed rule."""

from collections.abc import Mapping

import pandas as pd

from ..bench.evalkit.kits import EVALKIT, KITS
from ..bench.scorer_check import sentence
from ..probes.noise.points import kinds_of, operators_of
from .fig3 import SOLUTIONS, Setting, heading
from .words import caption as in_parts
from .words import shared, with_interval

WHEN = {"before": "before the forward pass of a step", "after": "after the update of a step"}


def number(point, name: str = "score") -> str:
    """A point with its interval, such as 0.62 [0.50, 0.74]; the value alone where there is none."""
    low, high = {"score": ("low", "high"), "drop": ("drop_low", "drop_high")}.get(name, ("low", "high"))
    return with_interval(point[name], point[low], point[high])


def listed(values) -> str:
    """ "1, 2, 3" from any values, each once and in order."""
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in sorted(set(values)))


def largest(points: pd.DataFrame) -> pd.Series | None:
    """The point with the largest mean drop of the score, None of no points."""
    return None if points.empty else points.loc[points["drop"].idxmax()]


def summary(
    points: pd.DataFrame,
    cka: pd.DataFrame,
    comparisons: pd.DataFrame,
    tasks: Mapping[str, list[str]],
    setting: Setting,
) -> str:
    """One plain sentence, then one line for each kind and operator with the numbers it rests on.

    points, cka and comparisons: of `score_points`, `cka_points` and `comparisons`.
    """
    lines = []
    for kind in kinds_of(points):
        of_kind = points[points.kind == kind]
        clean = of_kind[of_kind.run == "baseline"].iloc[0]
        for operator in operators_of(of_kind):
            of_run = of_kind[of_kind.operator == operator]
            at_step, at_frame = (of_run[of_run.run == run] for run in ("noise_at_step", "noise_at_frame"))
            step, frame = largest(at_step), largest(at_frame[~at_frame.frame.isin(list(setting.marks))])
            words = [f"{heading(kind, tasks)}, {operator}: clean score {number(clean)}"]
            compared = comparisons[(comparisons.kind == kind) & (comparisons.operator == operator)]
            words += [comparison_words(row) for row in compared.itertuples()]
            if step is not None:
                words.append(f"the worst step costs {number(step, 'drop')} (step {step.step})")
            if frame is not None:
                words.append(f"the worst inner latent frame {number(frame, 'drop')} (latent frame {frame.frame})")
            last = at_frame[at_frame.frame == setting.scored_frame]
            words += [f"the scored latent frame {number(row, 'drop')}" for _, row in last.iterrows()]
            lines.append("; ".join(words + sensitivity_words(cka, kind, operator)) + ".")
    return "\n".join([headline(list(comparisons.verdict)), "", *lines]) + "\n"


def comparison_words(row) -> str:
    """Of one row of `comparisons`: both means, what lies between them, and what that says."""
    between = with_interval(row.difference, row.low, row.high)
    says = {
        "more": "noise at step costs more",
        "less": "noise at step costs less",
        "open": "not told apart",
    }
    return (
        f"noise costs {row.at_step:.2f} in the mean over steps and {row.at_frame:.2f} in the mean over inner latent "
        f"frames, difference {between} over {row.cases} cases, {says[row.verdict]}"
    )


def finding(comparisons: pd.DataFrame) -> str:
    """The sentence on top: noise at one step against noise at one inner latent frame, by kind and operator."""
    if comparisons.empty:
        return "noise at step and noise at frame were not both run, so they are not compared."
    verdicts = {f"{SOLUTIONS.get(row.kind, row.kind)}, {row.operator}": row.verdict for row in comparisons.itertuples()}
    words = {"more": "more", "less": "less", "open": "not told apart"}
    by_operator = {}
    for name, verdict in verdicts.items():
        by_operator.setdefault(name.rpartition(", ")[2], {})[name.rpartition(", ")[0]] = verdict
    said = (f"with {operator} {shared(of, words, 'kind')}" for operator, of in by_operator.items())
    return f"what noise at one step costs in score against noise at one inner latent frame: {'; '.join(said)}."


def headline(verdicts: list[str]) -> str:
    """The sentence: how often noise at one step costs more than noise at one inner latent frame."""
    if not verdicts:
        return "Noise at step and noise at frame were not both run, so they are not compared."
    more, less, both = (verdicts.count(word) for word in ("more", "less", "open"))
    return (
        f"Noise at one step costs more of the score than noise at one inner latent frame in {more} of "
        f"{len(verdicts)} pairs of puzzle kind and operator, and less in {less}; in {both} the two are not told "
        "apart (mean over steps less mean over inner latent frames, paired by case)."
    )


def sensitivity_words(cka: pd.DataFrame, kind: str, operator: str) -> list[str]:
    """Where sensitivity peaks, and the re-seed null there."""
    curves = cka[(cka.kind == kind) & (cka.quantity == "sensitivity")]
    sentences = []
    for features, of_features in curves.groupby("features", sort=False):
        curve = of_features[of_features.operator == operator]
        if curve.empty:
            continue
        peak = curve.loc[curve.dissimilarity.idxmax()]
        null = of_features[(of_features.run == "reseed") & (of_features.step == peak.step)].iloc[0]
        sentences.append(
            f"sensitivity of {features} peaks at step {peak.step} with {number(peak, 'dissimilarity')}, "
            f"the re-seed null there is {number(null, 'dissimilarity')}"
        )
    return sentences


def caption(
    scores: pd.DataFrame,
    cka: pd.DataFrame,
    points: pd.DataFrame,
    comparisons: pd.DataFrame,
    setting: Setting,
    params: Mapping[str, Mapping],
) -> str:
    """The finding, how to read it, what it is counted over, from the tables and the settings; reStructuredText."""
    return in_parts(
        "Figure 3",
        listed(scores.model),
        finding(comparisons),
        [
            "(a) The two schemes; noise at frame acts at all the steps that were asked for.",
            *noise_words(scores),
            "(b) Mean score against where the noise goes. Bars of several operators stand at the same latent frame, "
            "the later ones narrower.",
            *scorer_words(setting, params.get("scorer")),
            *cka_words(cka, setting, params["similarity"]),
        ],
        [*runs_words(scores, setting, params["sampling"]), *score_words(points, params["statistics"])],
    )


def runs_words(scores: pd.DataFrame, setting: Setting, sampling: Mapping) -> list[str]:
    """The runs and their cases."""
    seeds = listed(scores[scores.run == "baseline"].seed)
    cases = "; ".join(
        f"{kind}: {rows.unit.nunique()} cases of {listed(rows.task)}" for kind, rows in scores.groupby("kind")
    )
    return [
        f"{cases}.",
        f"{len(setting.sigmas)} steps, shift {sampling['shift']:g}, guidance scale {sampling['guidance_scale']:g}, "
        f"seed {seeds}.",
    ]


def noise_words(scores: pd.DataFrame) -> list[str]:
    """The noise that was put into the runs."""
    noisy = scores[scores.operator.notna()]
    return [
        f"Operators: {listed(noisy.operator)}; amplitude {listed(noisy.amplitude)}, injected "
        f"{WHEN[noisy.timing.iloc[0]]}, noise seed {listed(noisy.noise_seed.astype(int))}."
    ]


def score_words(points: pd.DataFrame, statistics: Mapping) -> list[str]:
    """n, interval and floors of panel (b), and the null of panel (c)."""
    n = listed(points[points.operator.notna()].cases)
    levels = "; ".join(
        f"{kind}: clean {number(rows[rows.run == 'baseline'].iloc[0])}, static first frame "
        f"{number(rows[rows.run == 'floor_static'].iloc[0])}, decoded noise "
        f"{number(rows[rows.run == 'floor_noise'].iloc[0])}"
        for kind, rows in points.groupby("kind")
    )
    return [
        f"{statistics['level']:.0%} bootstrap intervals ({statistics['resamples']} resamples of cases, seeds averaged "
        f"within a case; n = {n} a point).",
        f"Clean scores and floors: {levels}.",
        sentence(points.scorer_check),
        "The null of (c) is a clean run from another seed.",
    ]


def scorer_words(setting: Setting, official: Mapping | None) -> list[str]:
    """The latent frames with a part of their own in the score. official: empty for the rules of puzzles."""
    sentences = []
    if setting.restored:
        sentences.append(
            "Wherever latent frame 0 was noised, by noise at step always and by noise at latent frame 0, the given "
            "first frame is restored there before decoding."
        )
    if official:
        name = KITS[official.get("repo", EVALKIT)].name
        sentences.append(f"Scores are by {name} ({official['mode']}, commit {official['commit'][:7]}).")
    elif setting.scored_frame in setting.noised_frames:
        sentences.append("The last latent frame is the one that is scored.")
    return sentences


def cka_words(cka: pd.DataFrame, setting: Setting, similarity: Mapping) -> list[str]:
    """Panel (c), with the sensitivity and the step of the low-noise expert."""
    kernel = ("unbiased " if similarity["unbiased"] else "") + similarity["kernel"]
    over = "the last step" if setting.sensitivity == "final" else "the mean over later steps"
    first, others = setting.features[0], setting.features[1:]
    beside = f", below them of {' and '.join(others)} as well" if others else ""
    noise = " The latents hold the injected noise itself for as long as sigma is high." if "latents" in others else ""
    first_low = setting.boundary_step
    return [
        f"(c) CKA dissimilarity (1 - {kernel} CKA of {first}, tokens as samples) to the clean "
        "run of the same seed, against step of injection and later step; below it the same for noise at each "
        f"latent frame, and for a clean run from another seed. The curves are of {first}{beside}.{noise} "
        "Noise at a latent frame is compared over the tokens of the other latent frames: its own are the noise.",
        f"Sensitivity is {over}; the re-seed null is reduced in the same way.",
        *([] if first_low is None else [f"Purple line: the low-noise expert works from step {first_low}."]),
    ]
