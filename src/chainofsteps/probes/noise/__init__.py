"""Noise at a step and at a latent frame (Figure 3, claims C1 to C3)."""
