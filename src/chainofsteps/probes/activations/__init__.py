"""Norms of hidden states on the token grid (Figures 6 and A13, claim C9)."""
