"""The table of runs in other numbers of steps."""

FEW_STEPS_COLUMNS = ["model", "task", "kind", "case", "steps", "seed", "score", "exact"]
