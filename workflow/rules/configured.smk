"""What config.yaml says of results that are there, for rule verify to hold them against."""

SHARDED = ("conditioning", "trajectory", "noise", "score", "x0_pred")
MORE = ("few_steps", "few_steps_score")  # shards whose settings are not held against config.yaml


def settings_of(model):
    """The settings in the manifests of a model's shards, as far as config.yaml alone says them."""
    runs = config["trajectory"]
    return {
        "conditioning": {"encoding": sampling_of(model, *ENCODING)},
        "trajectory": {
            "sampling": sampling_of(model, *DENOISING),
            "share_noise_over_cases": runs["share_noise_over_cases"],
        },
        "noise": {
            "noise": part_of("noise", "restore_first_frame"),
            "similarity": part_of("similarity", "sensitivity"),
            "null_seed": runs["null_seed"],
            **sampling_of(model, "batch_size"),
        },
        "score": {
            "restore_first_frame": config["noise"]["restore_first_frame"],
            "seeds": runs["seeds"],
            "null_seed": runs["null_seed"],
        },
        "x0_pred": {},
    }


def configured():
    """What config.yaml says of results, as `chainofsteps.verify.Configured` has it."""
    made, size = CASES["folder"] is None, CASES["shard_size"]
    of = {model: f"results/{model}" for model in config["models"] if Path("results", model).is_dir()}
    return {
        "recipes": {noun: getattr(rules, noun).params.recipe for noun in ("cases", *SHARDED, *MORE)},
        "folders": {model: beside_snakefile(config["models"][model]["folder"]) for model in of},
        "settings": {model: settings_of(model) for model in of},
        "given": {
            "root": "results/cases/embedded" if made else beside_snakefile(CASES["folder"]),
            "first_seed": CASES["first_seed"] if made else None,
        },
        "cases": {
            task: {shard: names[int(shard) * size :][:size] for shard in shards(task)}
            for task, names in CASE_NAMES.items()
        },
        "seeds": {
            "trajectory": [*config["trajectory"]["seeds"], config["trajectory"]["null_seed"]],
            "noise": rules.noise.params.seeds,
            "x0_pred": rules.x0_pred.params.seeds,
        },
        "joined": {
            f"{folder}/{table}": shard_files(parts, model, CASES["tasks"])
            for model, folder in of.items()
            for table, parts in (
                ("tables/fig3_scores.csv", rules.score.output.table),
                ("tables/fig3_cka.csv", rules.noise.output.cka),
            )
        },
        "made": {
            output: list(map(str, table.input))
            for table in (rules.x0_pred_table, rules.skill_table, rules.few_steps_table)
            for output in map(str, table.output)
        },
        "figures": [str(figure.output.pdf) for figure in (rules.fig1, rules.fig3)],
        "model": config["model"],
    }
