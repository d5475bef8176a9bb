import pytest

from chainofsteps.config.models import check_there, completed, place, sources
from chainofsteps.errors import InputError
from chainofsteps.files import write_json

A = {"repo": "a/base", "revision": "1" * 40}
B = {"repo": "b/adapters", "revision": None}
BASE = {"source": A, "steps": 50, "shift": 5.0}


def complete(**models):
    return completed(models, "models")


def refused(message, **models):
    with pytest.raises(InputError, match=message) as error:
        complete(**models)
    assert "\n" not in str(error.value)


def test_keys_of_another_entry():
    done = complete(base=BASE, few={"like": "base", "steps": 4}, fewer={"like": "few", "steps": 2})
    assert done["base"] == {**BASE, "folder": f"models/a/base/{'1' * 40}"}
    assert done["few"] == {**done["base"], "steps": 4}
    assert done["fewer"] == {**done["base"], "steps": 2}


def test_own_weights_stand_in_for_the_others_as_a_whole():
    base = {**BASE, "source": {**A, "sha256": {"x": "0" * 64}}, "missing": "no reader"}
    done = complete(base=base, mine={"like": "base", "folder": "/here"}, hub={"like": "base", "source": B})
    assert done["mine"] == {"folder": "/here", "steps": 50, "shift": 5.0}
    assert done["hub"] == {"source": B, "folder": "models/b/adapters/main", "steps": 50, "shift": 5.0}


def test_adapters_need_their_own_files_alone_and_can_be_left_out():
    lora = {"source": B, "high": "high.safetensors", "low": "low.safetensors", "alpha": 1.0}
    done = complete(base={**BASE, "lora": lora}, plain={"like": "base", "lora": None}, same={"like": "base"})
    source = {**B, "files": ["high.safetensors", "low.safetensors"]}
    assert done["base"]["lora"] == {**lora, "source": source, "folder": "models/b/adapters/main"}
    assert done["plain"]["lora"] is None and done["same"] == done["base"]
    assert sources(done) == {place(A): A, place(B): source}
    assert complete(base={**BASE, "lora": {"folder": "/l", "high": "x.safetensors", "alpha": 1.0}})["base"]["lora"]


def test_completed_once_more_is_the_same():
    done = complete(base={**BASE, "lora": {"source": B, "high": "h.safetensors", "alpha": 1.0}})
    assert completed(done, "models") == done


def test_entries_that_do_not_fit():
    refused("'models.x.like' is 'bse', which is not in 'models'; did you mean 'base'", base=BASE, x={"like": "bse"})
    refused("like' leads back to itself: x -> y -> x", x={"like": "y"}, y={"like": "x"})
    refused("'models.x' says not where its weights are; give `folder`, or `source`", x={"steps": 1})
    refused("'models.x' has both `folder` and `source`", x={**BASE, "folder": "/here"})
    refused("'models.x.lora' says not where", x={**BASE, "lora": {"high": "h", "alpha": 1}})
    refused(
        "'models.base.source' and 'models.x.source' take a/base differently",
        base=BASE,
        x={**BASE, "source": {**A, "files": ["y"]}},
    )


def test_a_manifest_that_outlived_its_folder_is_named(tmp_path):
    manifest, folder = tmp_path / "download.json", tmp_path / "models" / "tiny"
    check_there(manifest, folder)  # still to be downloaded
    write_json(manifest, {"folder": str(folder)})
    with pytest.raises(InputError, match=f"{folder}, which is not there any more; .*delete {manifest} to have it down"):
        check_there(manifest, folder)
    check_there(manifest, tmp_path / "elsewhere")  # which is downloaded anew, whatever became of the old place
    folder.mkdir(parents=True)
    check_there(manifest, folder)
