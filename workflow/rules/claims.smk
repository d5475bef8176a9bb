# The paper's claims as verdicts on the configured model, by rules that were written down before the numbers.


rule claims:
    """claims/claims.md: the verdict on each claim of the paper"""
    input:
        **(x0_pred_files("masses", "readings") if LISTED else {"masses": [], "readings": []}),
        finished=rules.x0_pred_table.input if LISTED else [],
        model=f"results/model/{config['model']}.json",
        schema=workflow.source_path("../schemas/claims.schema.yaml"),
        scores=f"results/{config['model']}/tables/fig3_scores.csv",
        clips=f"results/{config['model']}/tables/fig3_clips.csv" if LISTED else [],
        cka=f"results/{config['model']}/tables/fig3_cka.csv",
        ideal_cka=rules.ideal_cka.output.table if LISTED and several(CASES["tasks"]) else [],
        runs=rules.decided.output.runs if LISTED else [],
        activations=rules.activations_table.output.runs,
        swap=swap_tables if SWAPPED else [],
        ensemble=rules.ensemble_table.input,
        frames=rules.frames_table.input,
        few_steps=rules.few_steps_table.input,
        candidate_steps=candidate_tables("steps") if LISTED else [],
        candidate_runs=candidate_tables("runs") if LISTED else [],
        candidate_weights=candidate_tables("weights") if LISTED else [],
        invariance=f"results/{config['model']}/tables/invariance.csv",
        ladder=ladder_models if LADDER else [],
    output:
        json="claims/claims.json",
        page=report(
            "claims/claims.md",
            caption="../report/claims.rst",
            category="Claims",
            labels={"claims": "C1 to C14, E1 to E5", "model": config["model"]},
        ),
    log:
        "results/logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=6,
        listed=LISTED,
        null_seed=config["trajectory"]["null_seed"],
        headroom=config["ensemble"]["headroom"],
        restored=config["noise"]["restore_first_frame"],
        steps=config["models"][config["model"]]["steps"],
        shift=config["models"][config["model"]]["shift"],
        thresholds=part_of("x0_pred", "tasks"),
        statistics=part_of("statistics"),
    script:
        "../../scripts/claims.py"
