"""The network and what stands around it: weights, VAE, conditioning, schedule, sampling settings."""
