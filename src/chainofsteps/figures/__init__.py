"""Figures, each drawn from tables only."""
