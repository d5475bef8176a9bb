import pytest

from chainofsteps.store import progress as module


@pytest.mark.parametrize("terminal, every", [(True, 10), (False, 60)])
def test_progress_is_whole_lines(monkeypatch, capsys, terminal, every):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: terminal)
    with module.progress("noise loop_maze 00", 400, "samples") as line:
        for _ in range(20):
            now[0] += every / 2
            line.update(20)
    printed = capsys.readouterr().err
    assert "\r" not in printed and printed.endswith("\n")
    lines = printed.splitlines()
    assert len(lines) == 11  # at every second update, and at the end
    times = {10: "00:40 so far, 01:00 left", 60: "04:00 so far, 06:00 left"}[every]
    assert lines[3] == f"noise loop_maze 00:  40% of 400 samples, {times}"
