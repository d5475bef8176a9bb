"""Input functions for files from outside: the user's cases, checkpoints and adapters, and what a hub has of them."""

from chainofsteps.bench.evalkit.kits import check_files
from chainofsteps.config.models import check_there, place, sources
from chainofsteps.files import files_below
from chainofsteps.model.checkpoint import INDEX, adapters_of, check_given, settings_beside
from chainofsteps.names import case_files, task_folder
from chainofsteps.store.network import check_way


def downloaded(part):
    """The manifest of a download, once it is known that its folder has not gone: then no job would make it anew."""
    manifest, folder = f"results/download/{place(part['source'])}.json", beside_snakefile(part["folder"])
    check_there(manifest, folder)
    if not Path(folder).is_dir():
        check_way()
    return manifest


@stopping
def given_files(wildcards):
    """What there is of the shard's cases in a folder of the user's, once it has what a configured scorer reads; the job
    says what else is missing."""
    if CASES["folder"] is None:
        return []
    if CASES["source"]:  # whole once its manifest is there
        return [downloaded(CASES)]
    folder = task_folder(beside_snakefile(CASES["folder"]), wildcards.task)
    if CASES["scorer"] == "evalkit":
        for name in shard_cases(wildcards):
            check_files(config["evalkit"]["repo"], folder / name, f"{wildcards.task}/{name}")
    return [str(path) for name in shard_cases(wildcards) for path in case_files(folder / name)]


@stopping
def downloads(wildcards):
    """The manifests of what a model takes from a hub."""
    entry = config["models"][wildcards.model]
    return [downloaded(part) for part in (entry, entry.get("lora")) if part and "source" in part]


def source_of(wildcards, *keys):
    """What config.yaml says of a download; the named keys alone, if any are named."""
    known = sources(config["models"])
    if CASES["source"]:
        known[place(CASES["source"])] = CASES["source"]
    source = known[f"{wildcards.owner}/{wildcards.name}/{wildcards.revision}"]
    return {key: source[key] for key in keys if key in source} if keys else source


@stopping
def checkpoint_files(wildcards):
    """A given checkpoint's index, its adapters, and what there is of its parts; the job says what is missing there."""
    entry = config["models"][wildcards.model]
    lora = entry.get("lora")
    adapters = list(adapters_of(lora_of(wildcards)).values()) if lora and "source" not in lora else []
    folder = None if "source" in entry else Path(beside_snakefile(entry["folder"]))
    check_given(f"models.{wildcards.model}", folder, adapters)
    given = list(map(str, [*adapters, *filter(None, map(settings_beside, adapters))]))
    if folder is None:
        return given
    below = [path for path in files_below(folder) if path.parent != folder]
    return given + sorted(map(str, [*folder.glob(INDEX), *below]))


@stopping
def links_of(wildcards):
    """Where each link of a given checkpoint leads: another target makes the model anew, whatever its age."""
    entry = config["models"][wildcards.model]
    folder = None if "source" in entry else Path(beside_snakefile(entry["folder"]))
    paths = [folder, *folder.glob("*"), *folder.glob("*/*")] if folder else []
    return {str(path): str(path.resolve()) for path in sorted(paths) if path.is_symlink()}


def lora_of(wildcards):
    """A model's adapters and what they are multiplied by; None if it has none."""
    lora = config["models"][wildcards.model].get("lora")
    if not lora:
        return None
    named = {key: lora[key] for key in ("high", "low", "alpha") if key in lora}
    return {"folder": beside_snakefile(lora["folder"]), **named}
