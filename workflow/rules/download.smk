# Weights and cases from the Hugging Face hub, each source once: results/download/<owner>/<name>/<revision>.json lists its files.
# The folder itself is no output: Snakemake would delete what it had when a job fails or its settings change.


# On a cluster compute nodes often have no outbound network; the machine that Snakemake runs on has.
localrules:
    download,


rule download:
    input:
        [],
    output:
        manifest="results/download/{owner,[^/]+}/{name,[^/]+}/{revision,[^/]+}.json",
    log:
        "results/logs/download/{owner}/{name}/{revision}.log",
    benchmark:
        "results/benchmarks/download/{owner}/{name}/{revision}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=1440,
        disk_mb=lambda wildcards: round(1000 * (source_of(wildcards).get("size_gb") or 0)),
    params:
        recipe=1,
        source=lambda wildcards: source_of(
            wildcards, "repo", "repo_type", "revision", "files", "sha256", "licence"
        ),
        folder=lambda wildcards: beside_snakefile(
            Path(config["models_folder"], wildcards.owner, wildcards.name, wildcards.revision)
        ),
    script:
        "../../scripts/download.py"
