"""Candidate answers in latents: the model's weights on them beside those of an ideal denoiser (Figures B1, B2)."""
