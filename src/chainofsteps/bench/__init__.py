"""Cases and how they are scored: puzzles made here, VBVR-Bench, the official scorer."""
