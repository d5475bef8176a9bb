"""The tiles by which a VAE works on large videos, of the sizes of the paper's tools. No torch here.

Diffusers cuts and blends them in its own way: the same tiles give other bits than the paper's tools.
"""

TILES = {"min_height": 30, "min_width": 52, "stride_height": 15, "stride_width": 26}  # in latents


def pixels_of(height: int, width: int, stride: int) -> list[int]:
    """Pixels of each tile of an image, in the order of the work; they overlap. stride: pixels to a latent's side."""
    heights, widths = (
        _sides(size, stride * TILES[f"min_{side}"], stride * TILES[f"stride_{side}"])
        for side, size in (("height", height), ("width", width))
    )
    return [of_height * of_width for of_height in heights for of_width in widths]


def _sides(size: int, tile: int, step: int) -> list[int]:
    return [min(tile, size - first) for first in range(0, size, step)]
