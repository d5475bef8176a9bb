"""The script that Snakemake runs for Figure 3: its files, and what they say of their making."""

import contextlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from fig3_tables import params, tables
from PIL import Image

from chainofsteps.figures import style
from chainofsteps.files import fingerprint, sha256, write_json
from chainofsteps.store import provenance

SCRIPT = Path(__file__).parents[2] / "scripts" / "fig3.py"


def run_script(folder: Path, scores: pd.DataFrame, cka: pd.DataFrame) -> dict[str, Path]:
    folder.mkdir()
    scores.to_csv(folder / "in_scores.csv", index=False)
    cka.to_csv(folder / "in_cka.csv", index=False)
    names = {
        "pdf": "fig3.pdf",
        "png": "fig3.png",
        "caption": "fig3_caption.rst",
        "summary": "fig3.txt",
        "scores": "fig3_scores.csv",
        "cka": "fig3_cka.csv",
    }
    output = {key: folder / name for key, name in names.items()}
    write_json(folder / "tiny.json", {"identity": "5" * 64})
    given = {"model": "tiny.json", "scores": "in_scores.csv", "cka": "in_cka.csv"}
    snakemake = SimpleNamespace(
        input=SimpleNamespace(**given),  # paths in the working folder, as those of the workflow are
        output=SimpleNamespace(**output),
        params=params(4),
        log=[folder / "fig3.log"],
        config={"model": "tiny"},
    )
    with contextlib.chdir(folder):
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": snakemake})
    return output


ELSEWHERE = "import sys, test_fig3_script as script; script.run_script(script.Path(sys.argv[1]), *script.tables())"


@pytest.mark.parametrize("epoch", ["1700000000", None])
def test_the_script_writes_the_same_bytes_twice(tmp_path, monkeypatch, epoch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    first, second = run_script(tmp_path / "a", *tables()), tmp_path / "b"
    # in another process, which puts sets in another order
    paths = [*map(str, (Path(style.__file__).parents[2], *Path(__file__).parents[:2]))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", ELSEWHERE, second], env=environment, check=True)
    for key, path in first.items():
        assert path.read_bytes() == (second / path.name).read_bytes(), key
    pdf = first["pdf"].read_bytes()
    assert (b"/CreationDate (D:20231114" in pdf) if epoch else (b"Date" not in pdf)


def test_the_script_says_in_the_files_what_it_drew_from(tmp_path):
    first = run_script(tmp_path / "a", *tables())
    pdf = first["pdf"].read_bytes()
    assert b"/Title (Figure 3" in pdf and b"/Type3" not in pdf  # text as TrueType
    width, height = plt.imread(first["png"]).shape[1::-1]
    assert width >= 200 * style.WIDTH and height >= 200 * 6
    points = pd.read_csv(first["scores"])
    assert len(points) == 2 * (5 + 2 * (4 + 3))  # five levels, then steps and frames of two operators, of each kind
    told = provenance.identity_in(first["pdf"])
    assert told == json.loads(Image.open(first["png"]).text["Keywords"])
    assert (told["model"], told["model_identity"], told["commit"]) == ("tiny", "5" * 64, provenance.commit())
    assert told["config"] == fingerprint(dict(params(4)))
    names = ["in_scores.csv", "in_cka.csv"]
    assert told["drawn_from"] == {name: sha256(tmp_path / "a" / name) for name in names}
    assert {"torch", "diffusers", "matplotlib", "chainofsteps"} <= set(told["versions"])


def test_the_script_ends_with_one_line_and_no_file_on_a_bad_table(tmp_path, capsys):
    scores, cka = tables()
    with pytest.raises(SystemExit, match="1"):
        run_script(tmp_path / "bad", scores.drop(columns="operator"), cka)
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "in_scores.csv: has no column operator" in line
    assert (tmp_path / "bad" / "fig3.log").read_text() == line
    assert not (tmp_path / "bad" / "fig3.pdf").exists()
    shutil.rmtree(tmp_path / "bad")


def test_the_model_and_the_finding_stand_in_the_figure_and_in_its_tables(tmp_path, monkeypatch):
    drawn, save = [], style.save
    monkeypatch.setattr(
        style, "save", lambda figure, *paths, **words: (drawn.append(figure), save(figure, *paths, **words))
    )
    files = run_script(tmp_path / "a", *tables())
    assert drawn[0].get_suptitle().startswith("Model tiny: what noise at one step costs in score")
    caption = files["caption"].read_text()
    finding = caption.partition(". Model embedded. ")[2].partition("\n")[0]  # the model of the score table
    assert finding[1:] in " ".join(drawn[0].get_suptitle().split())
    for name in ("scores", "cka"):
        table = pd.read_csv(files[name])
        assert table.columns[0] == "model" and set(table.model) == {"tiny"}
