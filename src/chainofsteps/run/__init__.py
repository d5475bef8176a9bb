"""From noise to latents: the loop, trajectories, and taps that read hidden states on the way."""
