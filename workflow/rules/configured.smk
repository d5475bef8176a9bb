"""The results that config.yaml asks for, for rule verify to hold those that are there against."""

from chainofsteps.names import ending


def settings_in_manifests(model):
    """The settings in the manifests of a model's shards, as far as they are known before anything runs, by noun.

    Those of scores by EvalKit are known once its Python is.
    """
    kit = Path(rules.evalkit_python.output.manifest)
    configured = {name: noun.settings(config_of(model), model) for name, noun in NOUNS.items()}
    return {
        name: with_kit(settings, NOUNS[name].kit, kit)
        for name, settings in configured.items()
        if NOUNS[name].kit not in settings or kit.is_file()
    }


def items_in_manifests(model):
    """How the names of a case's items end in the manifests of a model's shards, by noun, as far as that is known."""
    of_nouns = {name: noun.endings(config, model) for name, noun in NOUNS.items()}
    of_nouns |= {noun: list(map(ending, seeds)) for noun, seeds in SEEDS.items()}
    return {name: endings for name, endings in of_nouns.items() if endings is not None}


def configured():
    """The results that config.yaml asks for, as `chainofsteps.plan.verify.Configured` has it."""
    made = CASES["folder"] is None
    of = {model: f"results/{model}" for model in config["models"] if Path("results", model).is_dir()}
    return {
        "recipes": RECIPES,
        "folders": {model: beside_snakefile(config["models"][model]["folder"]) for model in of},
        "settings": {model: settings_in_manifests(model) for model in of},
        "given": {
            "root": "results/cases/embedded" if made else beside_snakefile(CASES["folder"]),
            "first_seed": CASES["first_seed"] if made else None,
            **drawn_as(CASES),
        },
        "cases": {
            task: {f"{index:02d}": names for index, names in enumerate(of_task)}
            for task, of_task in SHARDS.items()
        },
        "endings": {model: items_in_manifests(model) for model in of},
        "items": {name: noun.names(config) for name, noun in NOUNS.items() if noun.names},
        "joined": {
            f"{folder}/{table}": shard_files(parts, model, CASES["tasks"])
            for model, folder in of.items()
            for table, parts in (
                ("tables/fig3_scores.csv", rules.score.output.table),
                ("tables/fig3_cka.csv", rules.noise.output.cka),
            )
        },
        "made": {
            output: swap_shards() if table == "swap_table" else list(map(str, getattr(rules, table).input))
            for table in TABLES
            if table != "evalkit_table"
            for output in map(str, getattr(rules, table).output)
        }
        | {str(output): evalkit_shards(None) for output in rules.evalkit_table.output if evalkit_tasks()},
        "figures": [str(getattr(rules, figure).output.pdf) for figure in FIGURES],
        "model": config["model"],
    }
