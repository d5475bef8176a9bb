"""Figure 3 in words: a caption that says what was measured, and what came out, by a fixed rule."""

from collections.abc import Mapping

import pandas as pd

from .fig3 import Setting, heading
from .fig3_points import kinds_of, operators_of

WHEN = {"before": "before the forward pass of a step", "after": "after the update of a step"}


def number(point, name: str = "score") -> str:
    """A point with its interval, such as 0.62 [0.50, 0.74]; the value alone where there is none."""
    low, high = {"score": ("low", "high"), "drop": ("drop_low", "drop_high")}.get(name, ("low", "high"))
    interval = "" if pd.isna(point[low]) else f" [{point[low]:.2f}, {point[high]:.2f}]"
    return f"{point[name]:.2f}{interval}"


def listed(values) -> str:
    """ "1, 2, 3" from any values, each once and in order."""
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in sorted(set(values)))


def largest(points: pd.DataFrame) -> pd.Series | None:
    """The point with the largest mean drop of the score, None of no points."""
    return None if points.empty else points.loc[points["drop"].idxmax()]


def inner_frames(points: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """Noise at frame without the latent frame that is restored and the one that is scored."""
    apart = ({0} if setting.restored else set()) | ({setting.latent_frames - 1} if setting.last_scored else set())
    return points[(points.run == "noise_at_frame") & ~points.frame.isin(apart)]


def compare(step: pd.Series | None, frame: pd.Series | None) -> str:
    """Does the worst step cost "more" or "less" than the worst frame; "open" if intervals overlap."""
    if step is None or frame is None:
        return "not run"
    if step.drop_low > frame.drop_high:
        return "more"
    return "less" if step.drop_high < frame.drop_low else "open"


def summary(points: pd.DataFrame, cka: pd.DataFrame, tasks: Mapping[str, list[str]], setting: Setting) -> str:
    """One plain sentence, then one line for each kind and operator with the numbers it rests on."""
    verdicts, lines = [], []
    for kind in kinds_of(points):
        of_kind = points[points.kind == kind]
        clean = of_kind[of_kind.run == "baseline"].iloc[0]
        for operator in operators_of(of_kind):
            of_run = of_kind[of_kind.operator == operator]
            at_step, at_frame = of_run[of_run.run == "noise_at_step"], inner_frames(of_run, setting)
            step, frame = largest(at_step), largest(at_frame)
            verdicts.append(compare(step, frame))
            words = [f"{heading(kind, tasks)}, {operator}: clean score {number(clean)}"]
            if step is not None:
                words.append(f"one step costs at most {number(step, 'drop')} (step {step.step})")
                words.append(f"{at_step['drop'].mean():.2f} in the mean over steps")
            if frame is not None:
                words.append(f"one latent frame at most {number(frame, 'drop')} (latent frame {frame.frame})")
                words.append(f"{at_frame['drop'].mean():.2f} in the mean over latent frames")
            last = of_run[of_run.frame == setting.latent_frames - 1]
            if setting.last_scored and len(last):
                words.append(f"the scored latent frame {number(last.iloc[0], 'drop')}")
            lines.append("; ".join(words + sensitivity_words(cka, kind, operator)) + ".")
    return "\n".join([headline(verdicts), "", *lines]) + "\n"


def headline(verdicts: list[str]) -> str:
    """The sentence: how often noise at one step costs more than noise at one latent frame."""
    compared = [verdict for verdict in verdicts if verdict != "not run"]
    if not compared:
        return "Noise at step and noise at frame were not both run, so they are not compared."
    more, less, both = (compared.count(word) for word in ("more", "less", "open"))
    return (
        f"Noise at one step costs more of the score than noise at one latent frame in {more} of "
        f"{len(compared)} pairs of puzzle kind and operator, and less in {less}; in {both} their intervals "
        "overlap (largest mean drops, the restored and the scored latent frame apart)."
    )


def sensitivity_words(cka: pd.DataFrame, kind: str, operator: str) -> list[str]:
    """Where sensitivity peaks, and the re-seed null there."""
    curves = cka[(cka.kind == kind) & (cka.quantity == "sensitivity")]
    curve = curves[curves.operator == operator]
    if curve.empty:
        return []
    peak = curve.loc[curve.dissimilarity.idxmax()]
    null = curves[(curves.run == "reseed") & (curves.step == peak.step)].iloc[0]
    return [
        f"sensitivity peaks at step {peak.step} with {number(peak, 'dissimilarity')}, "
        f"the re-seed null there is {number(null, 'dissimilarity')}"
    ]


def caption(
    scores: pd.DataFrame,
    cka: pd.DataFrame,
    points: pd.DataFrame,
    setting: Setting,
    params: Mapping[str, Mapping],
) -> str:
    """What was measured, from the tables and the settings in force; reStructuredText, one paragraph."""
    noisy = scores[scores.operator.notna()]
    sampling, similarity, statistics = params["sampling"], params["similarity"], params["statistics"]
    cases = "; ".join(
        f"{kind}: {rows.unit.nunique()} cases of {listed(rows.task)}" for kind, rows in scores.groupby("kind")
    )
    levels = "; ".join(
        f"{kind}: clean {number(rows[rows.run == 'baseline'].iloc[0])}, static first frame "
        f"{number(rows[rows.run == 'floor_static'].iloc[0])}, decoded noise "
        f"{number(rows[rows.run == 'floor_noise'].iloc[0])}"
        for kind, rows in points.groupby("kind")
    )
    n = listed(points[points.operator.notna()].cases)
    marks = ["Latent frame 0 is restored before decoding."] if setting.restored else []
    marks += ["The last latent frame is the one that is scored."] if setting.last_scored else []
    first_low = setting.boundary_step
    boundary = [] if first_low is None else [f"Purple line: the low-noise expert works from step {first_low}."]
    over = "the last step" if setting.sensitivity == "final" else "the mean over later steps"
    kernel = ("unbiased " if similarity["unbiased"] else "") + similarity["kernel"]
    seeds = listed(scores[scores.run == "baseline"].seed)
    sentences = [
        f"Figure 3. Noise at step and noise at frame, model {listed(scores.model)}, "
        f"{len(setting.sigmas)} steps, shift {sampling['shift']:g}, "
        f"guidance scale {sampling['guidance_scale']:g}, seed {seeds}.",
        f"Cases: {cases}.",
        f"Operators: {listed(noisy.operator)}; amplitude {listed(noisy.amplitude)}, injected "
        f"{WHEN[noisy.timing.iloc[0]]}, noise seed {listed(noisy.noise_seed.astype(int))}.",
        "(a) The two schemes; noise at frame acts at all the steps that were asked for.",
        f"(b) Mean score over cases with {statistics['level']:.0%} bootstrap intervals "
        f"({statistics['resamples']} resamples of cases, seeds averaged within a case; n = {n} a point).",
        f"Scores of runs without injected noise: {levels}.",
        *marks,
        f"(c) CKA dissimilarity (1 - {kernel} CKA of {listed(cka.features)}, tokens as samples) to the clean "
        "run of the same seed, against step of injection and later step; below it the same for noise at each "
        "latent frame, and for a clean run from another seed.",
        f"Sensitivity is {over}; the re-seed null is reduced in the same way.",
        *boundary,
    ]
    return " ".join(sentences) + "\n"
