"""make first-look: a grid and a video of two puzzles, which it names."""

import numpy as np

from chainofsteps.api import first_look
from chainofsteps.bench.video import read_mp4, read_png


def test_it_makes_a_grid_and_a_video_and_names_them(tmp_path, capsys):
    first_look.main(["--folder", str(tmp_path / "made")])
    grid, video = tmp_path / "made/grid.png", tmp_path / "made/steps.mp4"
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[2:]] == [str(grid), str(video)]
    assert lines[0].startswith("loop_maze/00000, seed 7: score 1.00") and lines[1].startswith(
        "unique_maze/00000, seed 1: "
    )
    assert read_png(grid).shape[1] == 1540
    clip = read_mp4(video)
    assert clip.shape == (len(first_look.STEPS) * (17 + first_look.LAST), 192, 192 * 2 + 8, 3)
    # the first estimate draws two routes, the last one: their last frames differ on the left
    ends = [clip[step * (17 + first_look.LAST) + 16].astype(int) for step in (0, len(first_look.STEPS) - 1)]
    moved = np.abs(ends[0] - ends[1]).max(-1) > 60
    assert moved[:, :192].mean() > 0.005 > moved[:, 200:].mean()
