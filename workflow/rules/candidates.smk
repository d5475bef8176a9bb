# Choice or search? The candidate answers of each case in latents, and the weights of the untouched runs on them.


rule answers:
    input:
        model="results/model/{model}.json",
        cases=puzzle_cases,
    output:
        manifest="results/{model}/answers/{task}/{shard}.json",
        blends="results/{model}/answers/{task}/{shard}_blends.csv",
    log:
        "results/{model}/logs/answers/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/answers/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["answers"],
        settings=settings_of("answers"),
    script:
        "../../scripts/answers.py"


rule candidates:
    input:
        model="results/model/{model}.json",
        cases="results/cases/{task}/{shard}.json",
        answers="results/{model}/answers/{task}/{shard}.json",
        trajectory=untouched_runs(*untouched_seeds(config)),
    output:
        manifest="results/{model}/candidates/{task}/{shard}.json",
        steps="results/{model}/candidates/{task}/{shard}_steps.csv",
        runs="results/{model}/candidates/{task}/{shard}_runs.csv",
        weights="results/{model}/candidates/{task}/{shard}_weights.csv",
    log:
        "results/{model}/logs/candidates/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/candidates/{task}/{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["candidates"],
        settings=settings_of("candidates"),
        seeds=untouched_seeds(config),
    script:
        "../../scripts/candidates.py"


rule calibration:
    input:
        model="results/model/{model}.json",
        cases=puzzle_cases,
        conditioning="results/{model}/conditioning/{task}/{shard}.json",
        answers="results/{model}/answers/{task}/{shard}.json",
    output:
        manifest="results/{model}/calibration/{task}/{shard}.json",
        table="results/{model}/calibration/{task}/{shard}.csv",
    log:
        "results/{model}/logs/calibration/{task}/{shard}.log",
    benchmark:
        "results/{model}/benchmarks/calibration/{task}/{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=2000,
        runtime=240,
    params:
        recipe=RECIPES["calibration"],
        settings=settings_of("calibration"),
        sampling=lambda wildcards: sampling_of(wildcards.model, *DENOISING),
        steps=lambda wildcards: config_of(wildcards.model)["candidates"]["calibration"]["steps"],
        seeds=config["candidates"]["calibration"]["seeds"],
    script:
        "../../scripts/calibration.py"


rule candidates_table:
    input:
        calibration=shard_files(
            "results/{model}/calibration/{task}/{shard}.csv",
            config["model"],
            several(tasks_of(config, "candidates")),
        ),
        steps=listed("candidates", candidate_tables("steps")),
        runs=candidate_tables("runs"),
        blends=weighed("results/{model}/answers/{task}/{shard}_blends.csv", config["model"], SEVERAL_ANSWERS),
    output:
        by_step="tables/candidates_by_step.csv",
        table="tables/candidates.csv",
        calibration="tables/candidates_calibration.csv",
    log:
        "results/logs/tables/candidates.log",
    benchmark:
        "results/benchmarks/tables/candidates.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=30,
    params:
        recipe=RECIPES["candidates_table"],
        statistics=part_of("statistics"),
    script:
        "../../scripts/candidates_table.py"


rule invariance:
    input:
        trajectories=lambda wildcards: [
            file
            for noun in whole(SEEDS)
            for file in weighed(f"results/{{model}}/{noun}/{{task}}/{{shard}}.json", wildcards.model)
        ],
        cases=lambda wildcards: weighed("results/cases/{task}/{shard}.json", wildcards.model),
    output:
        table="results/{model}/tables/invariance.csv",
    log:
        "results/{model}/logs/tables/invariance.log",
    benchmark:
        "results/{model}/benchmarks/tables/invariance.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["invariance"],
        seeds=untouched_seeds(config),
    script:
        "../../scripts/invariance.py"


rule figB1:
    """choice or search: answers in latents against an ideal denoiser"""
    input:
        model=f"results/model/{config['model']}.json",
        by_step=rules.candidates_table.output.by_step,
        table=rules.candidates_table.output.table,
        calibration=rules.candidates_table.output.calibration,
        pictures=f"results/{config['model']}/panels/figB1.safetensors",
        ideal=f"results/{config['model']}/ideal_panels/figB1.safetensors",
    output:
        **drawn("figB1", "figB1"),
    log:
        "results/logs/figures/figB1.log",
    benchmark:
        "results/benchmarks/figures/figB1.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        **drawn_by("figB1"),
        recipe=2,
    script:
        "../../scripts/figB1.py"


rule figB2:
    """the step of commitment by the distance of the answers"""
    input:
        model=f"results/model/{config['model']}.json",
        runs=listed("figB2", rules.candidates_table.input.runs),
    output:
        **drawn("figB2", "figB2"),
    log:
        "results/logs/figures/figB2.log",
    benchmark:
        "results/benchmarks/figures/figB2.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=1000,
        runtime=10,
    params:
        recipe=2,
        thresholds=part_of("x0_pred", "tasks"),
        statistics=part_of("statistics"),
        steps=config["models"][config["model"]]["steps"],
        shift=config["models"][config["model"]]["shift"],
    script:
        "../../scripts/figB2.py"
