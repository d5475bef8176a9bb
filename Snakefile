"""Chain-of-Steps: measurements of how a video diffusion model reasons along its denoising steps."""

import sys
from pathlib import Path

from snakemake.common.configfile import load_configfile
from snakemake.utils import min_version, update_config

min_version("9.27")
# The folder of this file, also where workflow/Snakefile includes it and where another workflow takes it as a module.
ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=False))
if not ROOT.is_dir():  # Snakemake fetches the rules of a remote module alone
    sys.exit(
        "error: the rules need the package and the model beside them; clone the repository and name the clone"
    )


# The package beside this file, installed or not. Snakemake hands the path on to scripts in other environments.
sys.path.insert(0, str(ROOT / "src"))

from chainofsteps.config.text import read
from chainofsteps.errors import InputError

try:  # before Snakemake reads it, which would name neither the file nor the line
    read(ROOT / "config.yaml")
except InputError as error:
    sys.exit(f"error: {error}")


configfile: str(ROOT / "config.yaml")


if workflow.modifier.skip_configfile:  # a module with a `config` of its own, which is laid over config.yaml
    defaults = load_configfile(str(ROOT / "config.yaml"))
    update_config(defaults, config)
    config.update(defaults)


report: "workflow/report/workflow.rst"


include: "workflow/rules/checks.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/weighed.smk"
include: "workflow/rules/offered.smk"
include: "workflow/rules/download.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/cases.smk"
include: "workflow/rules/conditioning.smk"
include: "workflow/rules/trajectory.smk"
include: "workflow/rules/noise.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/x0_pred.smk"
include: "workflow/rules/decided.smk"
include: "workflow/rules/few_steps.smk"
include: "workflow/rules/ensemble.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/shown.smk"
include: "workflow/rules/candidates.smk"
include: "workflow/rules/ideal.smk"
include: "workflow/rules/panels.smk"
include: "workflow/rules/layers.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/swap.smk"
include: "workflow/rules/linear_readout.smk"
include: "workflow/rules/ladder.smk"
include: "workflow/rules/skill.smk"
include: "workflow/rules/evalkit.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/fig6.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper_tables.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/configured.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/fits.smk"


rule all:
    """every figure, table and claim, and the report"""
    default_target: True
    input:
        rules.figures.input,
        rules.tables.input,
        rules.claims.output if SCORED else [],
        rules.report.output,


include: "workflow/rules/targets.smk"
include: "workflow/rules/messages.smk"


onsuccess:
    print_results()
