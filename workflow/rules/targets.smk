# A mistyped target stops in one line that names the nearest: Snakemake alone would say that nobody makes it.

from snakemake.cli import get_argument_parser

from chainofsteps.config.explain import near


def asked_targets():
    """The targets of Snakemake's command line; none where it was started in another way, or for one job."""
    program = Path(sys.argv[0])
    of_snakemake = program.stem == "snakemake" or program.parts[-2:] == ("snakemake", "__main__.py")
    if not (of_snakemake and workflow.is_main_process):
        return []
    return get_argument_parser().parse_args(sys.argv[1:]).targets


def known_targets():
    """What can be asked for by name: rules without wildcards, and the files that rules make of the configured models."""
    names = [one.name for one in workflow.rules if not one.has_wildcards()]
    made = [str(product) for one in workflow.rules for product in one.products()]
    of_models = [re.sub(r"{model\b[^}]*}", model, path) for path in made for model in config["models"]]
    return [name for name in dict.fromkeys([*names, *of_models]) if "{" not in name]


@stopping
def check_targets():
    """InputError for a target that is no rule, and no file that a rule makes."""
    for target in asked_targets():
        path = target if os.path.isabs(target) else os.path.relpath(target)
        if not workflow.is_rule(target) and not any(one.is_producer(path) for one in workflow.rules):
            close = near(target, known_targets())
            raise InputError(
                f"nothing makes {target}{close or '; `snakemake --list` and figures/README.md list what can be made'}"
            )


# Where a workflow of others takes this one as a module, its own rules are not known yet.
if Path(workflow.main_snakefile).resolve() in {ROOT / "Snakefile", ROOT / "workflow/Snakefile"}:
    check_targets()
