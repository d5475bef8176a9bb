"""How much x0_pred at the first step depends on the noise, against how much the finished video does (claim E5)."""
