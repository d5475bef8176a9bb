"""Success on held-out puzzles by the stock diffusers pipeline."""
