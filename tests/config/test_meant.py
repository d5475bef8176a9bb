"""Values that would be read as something else than their author meant: one line each, with the key and the mend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chainofsteps.config.overlays import check_overlays
from chainofsteps.config.read import load_config
from chainofsteps.errors import InputError

CONFIG = Path(__file__).parents[2] / "config.yaml"
PANEL = "panels: [{{figure: fig1, panel: a, puzzle: loop_maze, case: {}, seed: 1, steps: [0], frames: [0]}}]\n"
NO_PATHS = {
    "None": "is a text; write null for no folder",
    "null": "is a text; write null for no folder",
    "$SCRATCH/weights": "has a $, and variables are not read here",
    "a/$USER": "has a $",
    "s3://bucket/weights": "is an address; give a folder of this machine",
    "file:///tmp/weights": "is an address",
    r"C:\weights": "is a path of Windows",
    r"D:weights\a": "is a path of Windows",
    " weights": "begins or ends with a space",
    "weights ": "begins or ends with a space",
    "~nobody-has-this-name/weights": "begins with ~, but no user has that name",
}


@pytest.fixture
def read(tmp_path):
    def configured(content):
        (tmp_path / "mine.yaml").write_text(content)
        return load_config(CONFIG, tmp_path / "mine.yaml")

    return configured


@pytest.fixture
def refused(read):
    def message(content):
        with pytest.raises(InputError) as error:
            read(content)
        assert "\n" not in str(error.value)
        return str(error.value)

    return message


@pytest.mark.parametrize("written, number", [("010", 8), ("-010", -8), ("00", 0), ("1:30", 90), ("1:30.5", 90.5)])
@pytest.mark.parametrize("place", ["statistics: {{seed: {}}}", "\ntrajectory:\n  seeds: [[1, {}]]", PANEL])
def test_a_number_that_yaml_reads_as_another(refused, place, written, number):
    key = {"s": "seed", "\n": "seeds", "p": "case"}[place[0]]
    message = refused(place.format(written))
    line = 3 if key == "seeds" else 1
    assert message.startswith(f"mine.yaml, line {line}: {key} is {written}, which YAML reads as the number {number};")


def test_a_number_as_it_is_meant(read):
    for written, number in (("0", 0), ("10", 10), ("1_000", 1000), ("0x10", 16)):
        assert read(f"statistics: {{seed: {written}}}")["statistics"]["seed"] == number
    assert read("statistics: {level: 0.5}")["statistics"]["level"] == 0.5
    assert read(PANEL.format('"00001"'))["panels"][0]["case"] == "00001"
    assert read("models: {embedded: {negative_prompt: '1:30'}}")["models"]["embedded"]["negative_prompt"] == "1:30"


@pytest.mark.parametrize("path", NO_PATHS)
@pytest.mark.parametrize("key", ["models_folder", "cases.folder", "shared", "models.mine.folder"])
def test_what_is_no_path_of_this_machine(refused, key, path):
    values = {
        "models_folder": f"models_folder: '{path}'",
        "cases.folder": f"cases: {{folder: '{path}'}}",
        "shared": f"shared: ['{path}']",
        "models.mine.folder": f"models: {{mine: {{like: embedded, folder: '{path}'}}}}",
    }
    message = refused(values[key])  # a text: in quotes
    assert f"'{key}{'[0]' if key == 'shared' else ''}' is " in message
    assert f"which {NO_PATHS[path]}" in message


def test_what_is_a_path(read):
    for path in ("./None", "Nonesuch", "a b", "~/weights", "/scratch/x", "a:b", "weights-2"):
        assert read(f"models_folder: '{path}'")["models_folder"] == os.path.expanduser(path)
    assert read("cases: {source: null, folder: null}")["cases"]["folder"] is None


@pytest.mark.parametrize("word", ["None", "null", "none"])
def test_a_negative_prompt_that_means_none(refused, read, word):
    message = refused(f'models: {{embedded: {{negative_prompt: "{word}"}}}}')
    assert "'models.embedded.negative_prompt' is " in message and 'write "" for none' in message
    assert read('models: {embedded: {negative_prompt: "none of it"}}')


@pytest.mark.parametrize("place", ["noise: {{steps: {}}}", "swap: {{parts: {{a: {{rows: {}}}}}}}"])
@pytest.mark.parametrize("above", [0.25, 0.5])
def test_a_range_that_holds_none(refused, read, place, above):
    assert "which holds none: it begins at `above`" in refused(place.format(f"{{above: {above}, below: 0.25}}"))
    assert read(place.format("{above: 0.2, below: 0.25}"))


def test_gigabytes_that_are_megabytes(refused):
    assert "'gpu_memory_gb' is 81920, but must be null or a number above 0 and up to 10000" in refused(
        "gpu_memory_gb: 81920"
    )


def test_a_key_with_its_section_before_a_dot(refused):
    assert refused("cases.number: 3").endswith(
        "unknown key 'cases.number'; write it as keys below keys, `cases: {number: ...}`"
    )
    assert "known are model," in refused("nothing.number: 3")


@pytest.mark.parametrize("option", ["--configfile", "--configfiles"])
def test_files_of_snakemake_are_read_before_it_reads_them(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text("model: embedded\n")
    Path("bad.yaml").write_text("model: embedded\ncases:\n\tnumber: 2\n")
    for arguments in (["good.yaml", "bad.yaml"], ["bad.yaml", "-n", "--", "figures/fig3.pdf"]):
        with pytest.raises(InputError, match="bad.yaml, line 3: a tab; indent with spaces"):
            check_overlays(["--cores", "2", option, *arguments])
    with pytest.raises(InputError, match="bad.yaml, line 3"):
        check_overlays([f"{option}=bad.yaml"])
    check_overlays([option, "good.yaml", "--", "bad.yaml"])
    check_overlays(["--config", "model=mine", "--", "all"])


def test_make_names_the_file_and_the_line(tmp_path):
    """Snakemake alone ends in a traceback that names neither."""
    (tmp_path / "bad.yaml").write_bytes("cases: {number: 2}\nmodel: caf\xe9\n".encode("latin-1"))
    lines = [line for line in CONFIG.with_name("Makefile").read_text().splitlines() if line.startswith("SNAKEMAKE")]
    recipe = f"{lines[0]}\nBIN := {Path(sys.executable).parent}\nall:\n\t@$(SNAKEMAKE) --version\n"
    (tmp_path / "Makefile").write_text(recipe)
    environment = {**os.environ, "PYTHONPATH": str(CONFIG.parent / "src")}
    for arguments, status, words in (("--configfile bad.yaml --", 2, "bad.yaml, line 2"), ("", 0, "")):
        command = ["make", "-s", "-C", str(tmp_path), f"ARGS={arguments}"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert ended.returncode == status and words in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr
