"""Chain-of-Steps: measurements of how a video diffusion model reasons along its denoising steps."""

__version__ = "0.1.0"
