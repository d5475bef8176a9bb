"""The official scorer of VBVR-Bench, run by a Python of its own."""
