"""Faults written by hand, several of which no test noticed at first; and drawn ones that change nothing."""

# by module: change as `Fault.change` has it, and why no test can notice it
EQUIVALENT: dict[str, dict[str, str]] = {
    "probes/swap/table.py": {
        "zip(['model', 'task', *RUN], keys, strict=True)  ->  zip(['model', 'task', *RUN], keys, strict=False)": (
            "a guard: the names are those that the groups are made by, one for each key"
        ),
    },
    "bench/puzzles/flights.py": {
        "LEFT <= tip <= RIGHT  ->  LEFT < tip <= RIGHT": "the lines end at irrational places, none of them on the wall",
    },
}

OBSERVER = ["tests/probes/candidates/test_observer.py"]
RUNS = ["tests/probes/candidates/test_runs.py"]
NOISE = ["tests/claims/test_claims_noise.py"]
EXPLORATION = ["tests/claims/test_claims_exploration.py"]
DECIDED = ["tests/probes/x0_pred/test_decided.py"]
MAZE, TABLES = "bench/puzzles/maze.py", "probes/candidates/table.py"

# module, old text (there exactly once), new text, the tests that ought to notice
KNOWN = [
    (MAZE, " and _beside(frame, route) < 0.1", "", ["tests/bench/puzzles/test_maze.py"]),
    (
        "bench/puzzles/candidates.py",
        "np.clip(weights, 0, 1)",
        "np.maximum(weights, 0)",
        ["tests/bench/puzzles/test_candidates.py::test_a_mass_is_at_most_one"],
    ),
    ("probes/x0_pred/decided.py", '["alive"] = table.mass >', '["alive"] = table.mass >=', DECIDED),
    ("probes/x0_pred/decided.py", "table.leading.where(table.mass >", "table.leading.where(table.mass >=", DECIDED),
    ("probes/x0_pred/decided.py", "(run.right & (run.mass >= thresholds.held)).any()", "run.right.any()", DECIDED),
    (
        "probes/x0_pred/rows.py",
        "float(trajectory.sigmas[step])",
        "float(trajectory.sigmas[step + 1])",
        ["tests/probes/x0_pred/test_x0_pred.py"],
    ),
    ("store/provenance.py", ' "--dirty",', "", ["tests/store/test_provenance.py"]),
    (
        "plan/verify_manifests.py",
        'case["identity"] != case_identity(',
        "False and case_identity(",
        ["tests/plan/test_verify.py"],
    ),
    (
        "plan/verify_manifests.py",
        'item["identity"] and of_case[name] != item["identity"]',
        "False",
        ["tests/plan/test_verify.py"],
    ),
    ("claims/exploration.py", "masses.mass > threshold", "masses.mass >= threshold", EXPLORATION),
    ("claims/exploration.py", "number.columns < early", "number.columns <= early", EXPLORATION),
    ("claims/noise.py", "noisy.columns < max", "noisy.columns <= max", NOISE),
    ("claims/noise.py", "curve >= 0.5", "curve >= 0.6", NOISE),
    ("claims/noise.py", "model.loc[units, of_steps] - exact", "model.loc[units, of_steps]", NOISE),
    ("probes/noise/points.py", " & (not scored)", "", NOISE),
    (
        "claims/choice.py",
        "table.rivals_model - table.rivals_observer",
        "table.rivals_model",
        ["tests/claims/test_claims_choice.py"],
    ),
    (
        "claims/choice.py",
        "(runs.kind == kind) & runs.answer_right.astype(bool)",
        "runs.kind == kind",
        ["tests/claims/test_claims_choice.py"],
    ),
    ("claims/__init__.py", "1 - found.clean < headroom", "False", ["tests/claims/test_claims.py"]),
    ("claims/__init__.py", "if number < least", "if number <= least", ["tests/claims/test_claims.py"]),
    (
        "claims/__init__.py",
        "least < low and high < most",
        "least <= low and high <= most",
        ["tests/claims/test_claims.py"],
    ),
    ("probes/candidates/observer.py", "(2 * sigma**2)", "(2 * sigma)", OBSERVER),
    (TABLES, '"answer_observer": row["observer_right"]', '"answer_observer": row["observer_all"]', RUNS),
    (TABLES, '1 - row["observer_right"]', '1 - row["observer_all"]', RUNS),
    (TABLES, "runs[runs.answer_residual <= STRAY]", "runs", RUNS),
    ("probes/candidates/calibration.py", "= (1 - sigma) * latents", "= latents", RUNS),
    ("probes/candidates/blends.py", "of[names[k]]", "of[names[0]]", ["tests/probes/candidates/test_blends.py"]),
    (
        "probes/invariance/table.py",
        "run.x0_pred(0)",
        "run.x0_pred(1)",
        ["tests/probes/invariance/test_invariance.py"],
    ),
    ("statistics.py", "100 * (1 - level) / 2", "100 * (1 - level)", ["tests/test_statistics.py"]),
]
