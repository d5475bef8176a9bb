# A job that cannot fit its GPU stops the run before anything is queued, where config.yaml says how much that has.
# Snakemake asks for the priority of just those jobs that are to run, once it has found them, in dry runs as well.

if config["gpu_memory_gb"] is not None and workflow.is_main_process:
    from chainofsteps.plan.fits import Fits
    from chainofsteps.plan.rules import counts

    FITS = Fits(config, ROOT)

    def fitting(name, priority):
        """The priority of a rule's jobs, of which none is to be too large."""

        @stopping
        def checked(wildcards):
            FITS.check(name, dict(wildcards.items()))
            return priority

        return checked

    for each in workflow.rules:
        if each.name in counts() and counts()[each.name].loaded is not None:
            each.priority = fitting(each.name, each.priority)
