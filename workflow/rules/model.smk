# A checkpoint folder, checked: results/model/{model}.json lists its files with their sha256.


rule model:
    input:
        files=checkpoint_files,
        downloads=downloads,
    output:
        manifest="results/model/{model}.json",
    log:
        "results/logs/model/{model}.log",
    benchmark:
        "results/benchmarks/model/{model}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        recipe=RECIPES["model"],
        folder=lambda wildcards: beside_snakefile(config["models"][wildcards.model]["folder"]),
        lora=lora_of,
        links=links_of,
    script:
        "../../scripts/model.py"
