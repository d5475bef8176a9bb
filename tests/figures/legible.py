"""What makes a figure hard to read, as far as a program sees it: for tests of every figure."""

import itertools
import re

from matplotlib.figure import Figure
from matplotlib.text import Text

from chainofsteps.figures import header, style

TALLEST = 9.5  # inches: a page of two columns has no more
LEAST = 5  # points, at the width that the figure is made for
SCRIPT = re.compile(r"\$[^$]*[_^][^$]*\$")  # mathematics with a script, which is 0.7 as large
SLACK = 1  # pixels


def out_of_view(axis) -> list[Text]:
    """Labels of ticks beyond the ends of an axis, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    beyond = [tick for tick in ticks if not low - 1e-9 <= tick.get_loc() <= high + 1e-9]
    return [label for tick in beyond for label in (tick.label1, tick.label2)]


def drawn(figure: Figure) -> dict[Text, object]:
    """All words that are seen, with the boxes that they fill, in pixels."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    shown_axes = [axes for axes in figure.findobj(lambda part: hasattr(part, "xaxis")) if axes.get_visible()]
    hidden = {id(label) for axes in shown_axes for axis in (axes.xaxis, axes.yaxis) for label in out_of_view(axis)}
    off = [axes for axes in shown_axes if not axes.axison]
    hidden |= {id(text) for axes in off for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and id(text) not in hidden]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text.get_visible()}
    return {text: box for text, box in boxes.items() if box.width > 0}


def faults(figure: Figure) -> list[str]:
    """One line for each word that is too small, outside the page, or over another one."""
    boxes, page, found = drawn(figure), figure.bbox.padded(SLACK), []
    for text, box in boxes.items():
        words = text.get_text()
        size = text.get_fontsize() * (0.7 if SCRIPT.search(words) else 1)
        if size < LEAST:
            found.append(f"{words!r} has {size:.1f} points")
        if not (
            page.containsx(box.x0) and page.containsx(box.x1) and page.containsy(box.y0) and page.containsy(box.y1)
        ):
            found.append(f"{words!r} is not inside the page")
    for (text, box), (other, other_box) in itertools.combinations(boxes.items(), 2):
        if box.padded(-SLACK).overlaps(other_box.padded(-SLACK)):
            found.append(f"{text.get_text()!r} lies over {other.get_text()!r}")
    return found


def check(figure: Figure) -> None:
    """Fail if a figure with its lines on top has a fault; long lines, as a finding may have."""
    header.put(
        figure, "a-model-of-a-long-name", "what came out of it in three of six puzzles (and not in the others), " * 2
    )
    style.settle(figure)
    found = faults(figure)
    assert not found, "\n".join(found)
    assert figure.get_figwidth() == style.WIDTH and figure.get_figheight() < TALLEST
