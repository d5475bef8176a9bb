"""The same runs in other numbers of steps (Figure 8, Table A3, claim C13)."""
