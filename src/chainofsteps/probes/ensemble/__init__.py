"""Hidden states of several seeds merged in a window of layers (Figure 7, Table A1, claim C11)."""
