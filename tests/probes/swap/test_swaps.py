import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from chainofsteps.errors import InputError
from chainofsteps.probes.swap.count import same_text_forwards, swap_forwards
from chainofsteps.probes.swap.spec import MODES, Swap, expand, nodes

CONFIG = {
    "layers": "all",
    "modes": ["residual", "tokens"],
    "steps": [[0], [2, 0, 1]],
    "widths": [1],
    "parts": {"a": {}},
}


def test_a_swap_is_its_name_and_its_row():
    one = Swap(3, "tokens", (1, 0), part="objects")
    assert one.name() == "swap_l3_tokens_objects_s0.1"
    of_layers = {"layer": 3, "width": 1, "mode": "tokens", "part": "objects"}
    assert one.row() == {"run": "swap", **of_layers, "steps": "0 1"}
    assert one.until(0) == Swap(3, "tokens", (0,), part="objects") and one.until(7) == one
    wide = Swap(3, width=2)
    assert (wide.name(), wide.last, wide.runs_blocks) == ("swap_l3-4_residual_s0", 4, 0)
    assert Swap(3, "tokens", width=3, part="a").runs_blocks == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0, "half"), "mode must be one of residual, tokens, full"),
        ((-1,), "layer must be a whole number"),
        ((0, "full", (0, -2)), "step must be a whole number"),
        ((0, "full", ()), "a set of steps is empty"),
        ((0, "full", (0,), 0), "width must be a whole number from 1 up"),
    ],
)
def test_a_swap_that_cannot_be_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        Swap(*values)


def test_expand_lists_each_run_once():
    swaps = expand(CONFIG, steps=4, layers=3)
    assert len(swaps) == 2 * 2 * 3 and Swap(1, "tokens", (0, 1, 2), part="a") in swaps
    wide = expand({**CONFIG, "modes": ["tokens", "full"], "widths": [1, 2], "parts": {"a": {}, "b": {}}}, 4, 3)
    assert len(wide) == 2 * (2 * (3 + 2) + 3) and Swap(1, "tokens", (0,), 2, "b") in wide
    with_matrix = expand(CONFIG, steps=4, layers=3, matrix=True)
    assert len(with_matrix) == 12 + 3 * 3  # residual at step 0 alone is among them already
    with pytest.raises(InputError, match="swap.steps: step 4 is out of range"):
        expand({**CONFIG, "steps": [[4]]}, steps=4, layers=3)
    with pytest.raises(InputError, match="swap.layers: layer 3 is out of range"):
        expand({**CONFIG, "layers": [3]}, steps=4, layers=3)


def test_runs_that_have_not_parted_are_one():
    swaps = [Swap(0, steps=(0,)), Swap(0, steps=(0, 2)), Swap(0, steps=(1,))]
    assert nodes(swaps, 0, MODES) == ([Swap(0, steps=(0,))], [])
    assert nodes(swaps, 1, MODES) == ([Swap(0, steps=(1,))], [Swap(0, steps=(0,))])
    assert nodes(swaps, 2, MODES)[1] == [Swap(0, steps=(0,)), Swap(0, steps=(0, 2)), Swap(0, steps=(1,))]
    assert nodes(swaps, 2, ()) == ([], [Swap(0, steps=(0, 2))])


@pytest.mark.parametrize("c", [1, 2])
@pytest.mark.parametrize(("S", "L", "s"), [(5, 4, 0), (5, 4, 3), (20, 8, 19)])
def test_all_layers_at_one_step_cost_the_floor(S, L, s, c):
    """design: c [S + (s + 1) + (L - 1) / 2 + L (S - s - 1)], the target's own S runs being stored but for step s."""
    swaps = [Swap(layer, steps=(s,)) for layer in range(L)]
    floor = c * (1 + (s + 1) + Fraction(L - 1, 2) + L * (S - s - 1))
    assert swap_forwards(swaps, S, L, c) == floor
    assert swap_forwards(swaps, S, L, c, stored=True) == floor - c * s  # its other steps are stored too
    assert swap_forwards(swaps, S, L, c, to_the_end=()) == c * (s + 2 + Fraction(L - 1, 2))


def test_a_set_shares_its_first_step_with_the_single_one():
    S, L = 6, 4
    single, of_set = ([Swap(layer, steps=steps) for layer in range(L)] for steps in ((0,), (0, 1, 2)))
    # 3 of the source, 1 of the target, the start once, and then two runs of S - 1 steps for each layer
    assert swap_forwards([*single, *of_set], S, L) == 3 + 1 + Fraction(L - 1, 2) + 2 * L * (S - 1)


def test_the_matrix_costs_half_a_run_for_each_layer_and_step():
    S, L = 6, 4
    swaps = [Swap(layer, steps=(step,)) for step in range(S) for layer in range(L)]
    assert swap_forwards(swaps, S, L) == S * (2 + Fraction(L - 1, 2)) + L * S * (S - 1) / 2


def test_the_same_text_costs_one_step():
    assert same_text_forwards(range(4), 4) == 2 + Fraction(3, 2)


def test_no_torch_is_loaded():
    code = "import sys; import chainofsteps.probes.swap.count; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")}, check=True)
