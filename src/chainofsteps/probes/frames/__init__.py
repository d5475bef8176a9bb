"""The same cases in other frame counts (Figure 8, Table A2, claim C12)."""
