"""Do denoising steps stand in for layers? A family of models in every number of steps (Figure B3)."""
