"""What a target costs before it runs, and whether what is there is what its manifests say."""
