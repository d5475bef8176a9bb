"""What is printed of a run: Snakemake's lines with their task and shard and without their doubles, how it was stopped."""

import logging
import signal
import threading
from types import SimpleNamespace

from snakemake_interface_logger_plugins.common import LogEvent

from chainofsteps.plan.made import made_since

SAID = SimpleNamespace(stats=False, stopped=False)


def as_said(record):
    """A filter of Snakemake's log: no heading before each job, one table of jobs, and jobs by their files' names."""
    event = getattr(record, "event", None)
    if event == LogEvent.RUN_INFO:
        first, SAID.stats = not SAID.stats, True
        return first
    if event == LogEvent.JOB_INFO:
        SAID_OF[record.jobid] = " ".join([record.rule_name, *map(str, (record.wildcards or {}).values())])
    elif event == LogEvent.JOB_FINISHED and record.job_id in SAID_OF:
        record.msg = f"Finished {SAID_OF[record.job_id]}"
    return not str(record.msg).startswith(("Select jobs to execute", "Execute "))


def stop(_signal, _frame):
    """Ctrl-C: one line, and silence while the jobs end."""
    if workflow.is_main_process and not SAID.stopped:
        print("stopped; the same command goes on where it was", file=sys.stderr, flush=True)
    SAID.stopped = True
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def print_results():
    """What this run has made; of a verification, what it found; of a plan, its table."""
    for found in (Path(rules.verify.log[0]), Path(rules.plan.log[0])):
        if found.exists() and found.stat().st_mtime >= STARTED:
            print(found.read_text(encoding="utf-8"), end="", file=sys.stderr)
    print(*made_since(STARTED), sep="\n", file=sys.stderr)


SAID_OF = {}  # jobs: rule, and values of its wildcards
# Not where another program runs Snakemake within itself.
if Path(workflow.main_snakefile).resolve() in {ROOT / "Snakefile", ROOT / "workflow/Snakefile"}:
    logging.getLogger("snakemake.logging").addFilter(as_said)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
