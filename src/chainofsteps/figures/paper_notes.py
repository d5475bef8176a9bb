"""The notes below the paper's tables: where its rows come from, and whether measured ones can be compared with them."""

from collections.abc import Iterable, Mapping

from ..bench.evalkit.kits import EVALKIT, KITS
from ..bench.scorer_check import sentence
from ..bench.vbvr import CASES, TASKS

PUBLISHED_MODE = "task_specific"  # of EvalKit's two scores the published one
QUOTED_BENCH = "VBVR-Bench"
COMPARED = "{compared}"  # in a note: what `compared` says
NOTES = {
    "table1": (
        "Quoted rows are second-hand, read in summaries and not in the papers themselves; their scores are of "
        "VBVR-Bench. " + COMPARED,
        "In the paper's row with the ensemble the overall 0.716 is not the mean of its halves: (0.780 + 0.650) / 2 = "
        "0.715 cannot round to it.",
        "Two independent papers measured VBVR-Wan2.2 at 0.671 and 0.666: set-ups differ by about 0.02, where the "
        "published gain of the ensemble is 0.031.",
        "Averages weight the categories by their numbers of tasks in VBVR-Bench; within a category the tasks count "
        "alike. An average is given only where each of its categories has a task.",
    ),
    "tableA1": (
        "Published scores are second-hand from one source, of VBVR-Wan2.2 on VBVR-Bench. " + COMPARED,
        "In mode mean all seeds are equal from the window's first layer on, so windows that begin at one layer are one "
        "run. The difference to another seed, which costs no more, is the null of these differences.",
    ),
    "tableA2": (
        "Quoted rows are second-hand, of VBVR-Bench, and come from one source that misread a part of them. Measured "
        "rows are all in the model's own number of steps. " + COMPARED,
        "The paper's own frame counts go up to about 100; counts above the measured model's own are not measured.",
    ),
    "tableA3": (
        "The quoted row with 4 steps is of a distilled checkpoint, second-hand from one source, and of VBVR-Bench. "
        "{distilled} " + COMPARED,
    ),
}
NONE_DISTILLED = (
    "Measured rows are one and the same model in other numbers of steps, none of it distilled: they do not measure "
    "what distillation does."
)
DISTILLED = (
    "Measured rows of {name} are of a distilled model in its own number of steps, over the same cases, with the "
    "difference to {model} in its own number of steps; the others are {model} in other numbers of steps."
)


def notes(
    table: str,
    cases: int,
    scorer: Mapping[str, str],
    checks: Iterable[str | None],
    model: str = "",
    distilled: str | None = None,
) -> list[str]:
    """The notes below a table. cases: of its measured rows. scorer: repository, commit and mode of the kit that scores;
    empty where the puzzles' own rules score. checks: the column scorer_check of the table. model, distilled: of the
    measured rows of Table A3; None where none was distilled."""
    words = DISTILLED.format(name=distilled, model=model) if distilled else NONE_DISTILLED
    filled = (note.replace("{distilled}", words).replace(COMPARED, compared(cases, scorer)) for note in NOTES[table])
    return [*filled, sentence(checks)]


def compared(cases: int, scorer: Mapping[str, str]) -> str:
    """What measured rows are of, and whether they can be compared with the quoted ones in value."""
    if not scorer:
        return (
            "Measured rows are of this project's own puzzles, by their own rules: in value the two cannot be compared."
        )
    about = KITS[scorer.get("repo", EVALKIT)]
    whole, how = len(TASKS) * len(CASES), f"by {about.name} at commit {scorer['commit'][:7]} ({scorer['mode']})"
    if about.bench != QUOTED_BENCH:
        why = f"the quoted rows are of {QUOTED_BENCH}, so in value the two cannot be compared. Categories are those of"
        return f"Measured rows are of {cases} of the {whole} cases of {about.bench}, {how}: {why} {QUOTED_BENCH}."
    if scorer["mode"] != PUBLISHED_MODE:
        why = f"the quoted rows are {PUBLISHED_MODE}, so in value the two cannot be compared."
        return f"Measured rows are of {cases} of the {whole} cases of VBVR-Bench, {how}: {why}"
    if cases < whole:
        why = "the quoted rows are of all of them, so in value the two cannot be compared."
        return f"Measured rows are of {cases} of the {whole} cases of VBVR-Bench, {how}: {why}"
    return (
        f"Measured rows are of all {whole} cases of VBVR-Bench, {how}, as the quoted ones are as far as is known: in "
        "value the two can be compared, but for what other versions of the scorer and other set-ups change."
    )
