"""The cost of a target before it runs, and results held against their manifests and the configuration."""
