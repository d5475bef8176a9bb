"""config.yaml: read, held against its schema, and asked which tasks, ranges and panels it names."""
