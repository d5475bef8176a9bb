"""The Python that EvalKit runs in: found or made, by one run at a time, and known again in the scores."""

from pathlib import Path

import kit as stand_in
import pytest
from at_once import Slow

from chainofsteps.bench.evalkit import python as evalkit_python
from chainofsteps.bench.evalkit.python import check_python, found_or_made, made, versions_of, with_kit
from chainofsteps.errors import InputError
from chainofsteps.files import write_json

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return stand_in.python_with(tmp_path_factory.mktemp("python"))


@pytest.mark.parametrize(("opencv", "words"), [("5.0.0", "has 5.0.0"), ("4.9.0", "has 4.9.0"), (None, "No module")])
def test_an_opencv_that_cannot_be_trusted_is_refused(tmp_path, opencv, words):
    python = stand_in.python_with(tmp_path, opencv)
    with pytest.raises(InputError, match=f"cannot run EvalKit .*{words}.*opencv-python-headless>=4.10,<5"):
        versions_of(python)
    with pytest.raises(InputError, match="cannot run EvalKit"):
        found_or_made(python, ROOT / "envs" / "evalkit.yaml", tmp_path)


def test_a_python_is_made_only_if_none_is_given(tmp_path, python, monkeypatch):
    wanted = {"python": python, "opencv": "4.14.0", "packages": ""}
    assert found_or_made(python, tmp_path / "none.yaml", tmp_path / "made") == wanted
    monkeypatch.setattr("sys.executable", python)  # as under conda
    assert found_or_made(None, tmp_path / "none.yaml", tmp_path / "made") == wanted


def test_two_runs_make_one_python(tmp_path, monkeypatch):
    folder, environment = tmp_path / "models" / "python", tmp_path / "environment.yaml"
    environment.write_text("dependencies: [{pip: [opencv]}]")

    def run(command):
        place = folder / ("bin/python" if "venv" in command else "lib/opencv")
        place.parent.mkdir(parents=True)
        place.touch()

    slow = Slow(run)
    monkeypatch.setattr(evalkit_python, "_run", slow)
    assert slow.while_it_works(lambda: made(environment, folder)) == [str(folder / "bin/python")] * 2
    assert slow.begun == 2 and (folder / "lib/opencv").is_file()  # one environment, and one install


def test_scores_say_what_the_kit_runs_with_and_those_of_rules_nothing(tmp_path):
    write_json(tmp_path / "kit.json", {"source": "f" * 64, "opencv": "4.14.0", "packages": "easyocr 1.7.2"})
    asked = {"scorer": {"commit": stand_in.COMMIT, "sha256": "e" * 64, "mode": "weighted"}}
    found = with_kit(asked, "scorer", tmp_path / "kit.json")
    assert found == {"scorer": {**asked["scorer"], "opencv": "4.14.0", "packages": "easyocr 1.7.2"}}
    unknown = {"scorer": {**asked["scorer"], "sha256": None}}
    assert with_kit(unknown, "scorer", tmp_path / "kit.json")["scorer"]["sha256"] == "f" * 64
    assert with_kit({"seeds": [1]}, "scorer", []) == {"seeds": [1]} and "opencv" not in asked["scorer"]


def test_a_python_that_has_gone_is_named_with_the_manifest_to_delete(tmp_path, python):
    manifest, gone = tmp_path / "kit.json", str(tmp_path / "gone" / "python")
    check_python(manifest, None)  # none is made yet
    write_json(manifest, {"python": python})
    check_python(manifest, None)
    write_json(manifest, {"python": gone})
    for asked in (None, gone):
        with pytest.raises(InputError, match=f"names {gone}, which is not there any more; .*delete {manifest} and run"):
            check_python(manifest, asked)
    check_python(manifest, python)  # another is asked for: the manifest is made anew
