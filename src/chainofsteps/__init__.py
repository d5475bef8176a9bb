"""Chain-of-Steps: measurements of how a video diffusion model reasons along its denoising steps."""

import os

# transformers says at every import that torchvision is not there; nothing here needs it.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

__version__ = "0.1.0"
