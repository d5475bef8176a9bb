"""What config.yaml says of results that are there, for rule verify to hold them against."""

SHARDED = (
    "conditioning",
    "trajectory",
    "noise",
    "score",
    "x0_pred",
    "ensemble",
    "ensemble_score",
    "activations",
    "swap",
    "swap_score",
)
# shards whose settings are not held against config.yaml
MORE = ("few_steps", "few_steps_score", "frames", "frames_score", "evalkit")
TABLES = (
    "x0_pred_table",
    "decided",
    "skill_table",
    "few_steps_table",
    "ensemble_table",
    "frames_table",
    "activations_table",
    "swap_table",
    "table1",
    "tableA1",
    "tableA2",
    "tableA3",
)
FIGURES = (
    "fig1",
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "figA9",
    "figA10",
    "figA11",
    "figA12",
    "figA13",
)


def scorer_stamp():
    """The scorer in the manifests of scores: EvalKit with the OpenCV of the Python that runs it, if that is known."""
    kit = Path(rules.evalkit_python.output.manifest)
    return stamped(scorer_settings(), kit if CASES["scorer"] == "evalkit" and kit.is_file() else None)


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
            "noise": part_of("noise", "restore_first_frame", model=model),
            "similarity": part_of("similarity", "sensitivity"),
            "null_seed": runs["null_seed"],
            **sampling_of(model, "batch_size"),
        },
        "score": {
            "restore_first_frame": config["noise"]["restore_first_frame"],
            "seeds": runs["seeds"],
            "null_seed": runs["null_seed"],
            **scorer_stamp(),
        },
        "x0_pred": scorer_stamp(),
        "ensemble": {
            "ensemble": part_of("ensemble", "tasks", model=model),
            **sampling_of(model, "batch_size"),
        },
        "ensemble_score": {},
        "activations": {"activations": part_of("activations", "tasks", "scale", "shown", model=model)},
        "swap": {
            "swap": part_of("swap", "task", model=model),
            "null_seed": runs["null_seed"],
            **sampling_of(model, "batch_size"),
        },
        "swap_score": {},
    }


def configured():
    """What config.yaml says of results, as `chainofsteps.plan.verify.Configured` has it."""
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
            "trajectory": rules.trajectory.params.seeds,
            "noise": rules.noise.params.seeds,
            "x0_pred": rules.x0_pred.params.seeds,
            **dict.fromkeys(["activations", "swap", "swap_score"], config["trajectory"]["seeds"]),
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
            output: swap_shards() if table == "swap_table" else list(map(str, getattr(rules, table).input))
            for table in TABLES
            for output in map(str, getattr(rules, table).output)
        }
        | {str(output): evalkit_shards(None) for output in rules.evalkit_table.output if evalkit_tasks()},
        "figures": [str(getattr(rules, figure).output.pdf) for figure in FIGURES],
        "model": config["model"],
    }
