"""Results on disk: shards of cases, jobs, manifests, downloads."""
