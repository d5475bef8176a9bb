"""Layers of one run put in place of another's (Figure 6, claim C10)."""
