"""The lines on top of a figure: which model it shows, and what came out."""

from matplotlib.figure import Figure
from matplotlib.text import Text

from . import style
from .words import of_models

MARGIN = 0.06  # inches: left and right of the lines
GAP = 0.12  # inches: below them


def put(figure: Figure, model: str, finding: str) -> None:
    """Put "Model m: finding" on top of a figure, broken to its width; the figure grows by as much as that takes.

    model: its name, or several with commas between them.
    """
    width, height = figure.get_size_inches()
    title = figure.suptitle("", x=MARGIN / width, ha="left", fontsize=style.TITLE, fontweight="bold", linespacing=1.3)
    title.set_text("\n".join(broken(title, f"{of_models(model)}: {finding}", (width - 2 * MARGIN) * figure.dpi)))
    extent = title.get_window_extent(figure.canvas.get_renderer())
    figure.set_size_inches(width, height + extent.height / figure.dpi + GAP)


def broken(text: Text, words: str, width: float) -> list[str]:
    """Words in lines that are at most so many pixels wide in the type of a text."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        text.set_text(longer)
        if lines[-1] and text.get_window_extent(text.figure.canvas.get_renderer()).width > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
