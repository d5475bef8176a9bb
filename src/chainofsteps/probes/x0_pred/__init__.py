"""The clean estimate of every step: its score, the candidate answers it shows, when it is decided."""
