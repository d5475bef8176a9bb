"""When, and how, is the answer decided? From the readings of x0_pred at every step to one row per run.

The candidate with the greatest mass in the last frame of x0_pred leads (`puzzles.candidates`). With a mass above
`live` it is an answer at all, one of those alive; with at least `held` it is held: more than half of the picture. A
superposition that resolves is multi-path exploration (C4, C5, C14), a held answer that is given up is a revision (C7).
Both thresholds stand in config.yaml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...bench.readings import first_there
from ...interval import Interval

RUN = ["model", "task", "kind", "case", "seed"]
NONE = ""  # no candidate is alive
REFERENCE = ["given", "away", "back"]  # readings of the puzzles that ask for a memory
WHEN = {"marked": "marked_at", "moved": "moved_at", "moved_named": "moved_named_at"}  # of those that ask for a plan
ORDER = ["later", "later_named", "marked_first", "together", "moved_first"]
SHUFFLES = 200


@dataclass(frozen=True)
class Thresholds:
    """Masses in (0, 1): above `live` a candidate is alive, from `held` on it, a mark, a motion is there."""

    live: float
    held: float


def effective_number(masses: Sequence[float]) -> float:
    """How many equal candidates would be as uncertain: exp of the entropy of the normalised masses; nan of none."""
    shares = np.asarray(masses, dtype=np.float64)
    shares = shares[shares > 0] / shares.sum()
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else float("nan")


def agreement(answers: Sequence[str]) -> float:
    """Probability that two different runs of one case end alike: over all pairs, so unbiased; nan of fewer than two.

    Its -log2 is the collision entropy of the answers, in bits.
    """
    count = len(answers)
    if count < 2:
        return float("nan")
    _, times = np.unique(np.asarray(answers, dtype=str), return_counts=True)
    return float((times * (times - 1)).sum() / (count * (count - 1)))


def first_stable(values: Sequence) -> int:
    """The first index from which on all values equal the last one."""
    return first_there([value == values[-1] for value in values], True)


def by_step(masses: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """One row per run and step: leading (NONE if none is alive), right, mass, live, effective, final, wrong.

    masses: MASS_COLUMNS of x0_pred. mass: of the leading candidate. live: how many are above the threshold. final:
    whether the answer of the run's last step leads (nan where that is none). wrong: whether a wrong one is held.
    """
    table = masses.sort_values([*RUN, "step"], kind="stable").reset_index(drop=True)
    table["alive"] = table.mass > thresholds.live
    steps = table.groupby([*RUN, "step"], sort=False)
    found = table.loc[steps.mass.idxmax(), [*RUN, "step", "candidate", "right", "mass", "alive"]]
    found = found.rename(columns={"candidate": "leading"}).reset_index(drop=True)
    found["live"] = steps.alive.sum().to_numpy()
    found["effective"] = steps.mass.agg(effective_number).to_numpy()
    found["wrong"] = ~found.right & (found.mass >= thresholds.held)
    found["right"] &= found.alive
    found["leading"] = found.leading.where(found.alive, NONE)
    end = found.groupby(RUN, sort=False).leading.transform("last")
    found["final"] = (found.leading == end).astype(float).where(end != NONE)
    return found.drop(columns="alive")


def by_run(steps: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """One row per run, from `by_step`.

    answer (NONE: no candidate is alive at the end) and right; decided_at, the first step from which on it leads, and
    at_first, whether that is step 0 (nan of no answer); multi_path, two or more alive at some step and one at most at
    the end; wrong_to_right, a wrong answer was held and the end is right; right_to_wrong, a right one was held and the
    end is wrong or none; net_revision, the one less the other.
    """
    rows = []
    for key, run in steps.groupby(RUN, sort=False):
        answer, right = run.leading.iloc[-1], bool(run.right.iloc[-1])
        was_right = (run.right & (run.mass >= thresholds.held)).any()
        at = first_stable(run.leading.tolist()) if answer != NONE else np.nan
        mended, spoilt = bool(right and run.wrong.any()), bool(was_right and not right)
        rows.append(
            dict(zip(RUN, key, strict=True))
            | {"answer": answer, "right": right, "decided_at": at, "at_first": at if np.isnan(at) else float(at == 0)}
            | {"multi_path": bool((run.live >= 2).any() and run.live.iloc[-1] < 2)}
            | {"wrong_to_right": mended, "right_to_wrong": spoilt, "net_revision": int(mended) - int(spoilt)}
        )
    return pd.DataFrame(rows)


def frame_changes(frames: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """One row per run and frame: changed_at, the first step from which on the frame supports what it ends with.

    frames: FRAME_COLUMNS of x0_pred. Frames in which all candidates look the same, or which end with none of them
    alive, tell nothing and are left out.
    """
    table = frames.sort_values([*RUN, "frame", "step"], kind="stable")
    answers = table.leading.where(table.mass > thresholds.live, NONE)
    rows = []
    for key, of_frame in table.assign(answer=answers).groupby([*RUN, "frame"], sort=False):
        if of_frame.apart.iloc[0] > 1 and of_frame.answer.iloc[-1] != NONE:
            rows.append((*key, first_stable(of_frame.answer.tolist())))
    return pd.DataFrame(rows, columns=[*RUN, "frame", "changed_at"])


def spreads(changes: pd.DataFrame, seed: int = Interval.seed) -> pd.DataFrame:
    """One row per run in which a frame changes after step 0 and two at least tell: over how many steps they change.

    changed_from, changed_to: the first and the last step of a change. spread = changed_to - changed_from; in_one,
    whether it is 0: all frames change within one step. spread_null and in_one_null: the same if the frames of a run
    changed independently, each frame's steps being dealt out anew among the runs of the task: mean of those of SHUFFLES
    deals in which a frame of the run changes after step 0, as in the runs themselves; nan of a single run.
    """
    rng, found = np.random.default_rng(seed), []
    for _, of_task in changes.groupby(["model", "task"], sort=False):
        wide = of_task.pivot(index=RUN, columns="frame", values="changed_at").sort_index()
        wide = wide[(wide.notna().sum(axis=1) >= 2) & (wide.max(axis=1) > 0)]
        if wide.empty:
            continue
        steps, sums, deals = wide.to_numpy(np.float64), np.zeros((2, len(wide))), np.zeros(len(wide))
        for _ in range(SHUFFLES):
            dealt = steps.copy()
            for column in dealt.T:
                tells = ~np.isnan(column)
                column[tells] = rng.permutation(column[tells])
            last, spread = np.nanmax(dealt, axis=1), np.nanmax(dealt, axis=1) - np.nanmin(dealt, axis=1)
            sums += np.stack([spread, spread == 0]) * (last > 0)
            deals += last > 0
        known = (deals > 0) & (len(wide) > 1)
        null = np.where(known, sums / np.maximum(deals, 1), np.nan)
        low, high = np.nanmin(steps, axis=1), np.nanmax(steps, axis=1)
        columns = {"changed_from": low, "changed_to": high, "spread": high - low, "in_one": high == low}
        found.append(wide.index.to_frame(index=False).assign(**columns, spread_null=null[0], in_one_null=null[1]))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*RUN, *SPREAD])


SPREAD = ["changed_from", "changed_to", "spread", "in_one", "spread_null", "in_one_null"]


def reading_steps(readings: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """One row per run and step with a column per reading; and kept, whether all of REFERENCE are there, else nan."""
    wide = readings.pivot(index=[*RUN, "step"], columns="reading", values="value").reset_index()
    wide = wide.rename_axis(columns=None)
    if set(REFERENCE) <= set(wide.columns):
        reference = wide[REFERENCE]
        wide["kept"] = (reference >= thresholds.held).all(axis=1).astype(float).where(reference.notna().all(axis=1))
    return wide


def plan_runs(steps: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """One row per run of a puzzle that asks for a plan, from `reading_steps`.

    marked_at, moved_at, moved_named_at: the first step from which on the named object's mark, any object's motion and
    the named one's are there (nan: not at the end). Where both are, later = moved_at - marked_at, in steps, and
    marked_first, together, moved_first: which of them it is, 1 or 0. later_named = moved_named_at - marked_at.
    """
    columns = [*RUN, *WHEN.values(), *ORDER]
    if not set(WHEN) <= set(steps.columns):
        return pd.DataFrame(columns=columns)
    rows = []
    for key, run in steps.dropna(subset=list(WHEN)).groupby(RUN, sort=False):
        run = run.sort_values("step")
        at = {name: first_there(run[reading].tolist(), thresholds.held) for reading, name in WHEN.items()}
        rows.append(dict(zip(RUN, key, strict=True)) | at)
    table = pd.DataFrame(rows, columns=[*RUN, *WHEN.values()]).astype(dict.fromkeys(WHEN.values(), float))
    later = table.moved_at - table.marked_at
    order = {"marked_first": later > 0, "together": later == 0, "moved_first": later < 0}
    both = {name: holds.astype(float).where(later.notna()) for name, holds in order.items()}
    return table.assign(later=later, later_named=table.moved_named_at - table.marked_at, **both)


def runs_of(tables: Mapping[str, pd.DataFrame], thresholds: Thresholds, seed: int = Interval.seed) -> pd.DataFrame:
    """All that is said of whole runs, one row each; tables: masses, frames and readings, as x0_pred wrote them."""
    runs = by_run(by_step(tables["masses"], thresholds), thresholds)
    more = [spreads(frame_changes(tables["frames"], thresholds), seed)]
    more.append(plan_runs(reading_steps(tables["readings"], thresholds), thresholds))
    for table in more:
        new = [name for name in table.columns if name not in RUN]
        runs = runs.merge(table, on=RUN, how="left") if len(table) else runs.assign(**dict.fromkeys(new, np.nan))
    return runs
