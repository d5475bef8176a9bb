"""The plan of a target for a reader, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..probes.count import ForwardCount
from .fits import GB
from .model import not_here
from .rules import counts
from .target import Cost, Plan

MEASURE = "unknown; `make bench` measures it on this machine, and benchmarks/README.md says how for another model"


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as `--json` prints it; bytes, hours and seconds."""
    model, largest = plan.model, plan.largest
    return {
        "targets": list(plan.targets),
        "model": model.name,
        "here": model.here,
        "jobs": len(plan.costs),
        "forwards": {rule: _forwards(costs) for rule, costs in _by_rule(plan.counted).items()}
        | {"total": _forwards(plan.counted)},
        "seconds_per_forward": [
            {
                "seconds": dict(seconds.by_batch),
                "hardware": seconds.hardware,
                "source": seconds.source,
                "unit": seconds.unit,
                "hours": plan.hours(seconds)[0] if plan.counted else 0,
                "longest_job": str(plan.hours(seconds)[1].job) if plan.counted else None,
                "longest_hours": plan.hours(seconds)[2] if plan.counted else 0,
            }
            for seconds in plan.seconds
        ],
        "disk_bytes": {rule: sum(cost.disk or 0 for cost in costs) for rule, costs in _by_rule(plan.costs).items()},
        "checkpoint_bytes": model.checkpoint_bytes,
        "peak_memory": largest
        and {"rule": largest.job.rule, "weights": largest.memory.weights, "held": largest.memory.held},
        "gpu_memory_gb": plan.config["gpu_memory_gb"],
        "unknown": plan.unknown,
    }


def table(plan: Plan) -> str:
    """The plan as a table, a line for each rule that weighs anything, and what the hours and the memory are."""
    model = plan.model
    lines = [f"{', '.join(plan.targets)}: what is still to be done; a job that was cut off counts as a whole"]
    layers = f"{model.layers or '?'} layers"
    guidance = "with" if model.branches == 2 else "no"
    lines += [f"model {model.name}: {model.steps} steps, {layers}, {guidance} guidance{_checkpoint(plan)}"]
    if not model.here:
        lines.append(not_here(plan.config, model.name))
    if not plan.costs:
        return "\n".join([*lines, "", "nothing is left to do"])
    heads = f"{'rule':<18}{'jobs':>6}{'forwards':>12}{'naive':>12}{'hours':>9}{'on disk':>11}{'memory':>11}"
    rows = {rule: costs for rule, costs in _by_rule(plan.costs).items() if costs[0].count}
    others = [cost for cost in plan.costs if not cost.count]
    rows |= {"others": others} if others else {}
    lines += ["", heads, *(_row(rule, costs, plan) for rule, costs in {**rows, "total": plan.costs}.items())]
    lines += ["", *_hours(plan), *_memory(plan)]
    return "\n".join([*lines, *plan.unknown])


def size(count: float) -> str:
    """Bytes for a reader, such as 1.2 GB."""
    for unit, of in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= of:
            return f"{count / of:.1f} {unit}"
    return f"{count / 1e3:.0f} kB" if count else "-"


def _by_rule(costs: Iterable[Cost]) -> dict[str, list[Cost]]:
    """In the order of their work, whatever Snakemake's was."""
    order = [*counts()]
    by_rule: dict[str, list[Cost]] = {}
    for cost in sorted(costs, key=lambda cost: order.index(cost.job.rule) if cost.count else len(order)):
        by_rule.setdefault(cost.job.rule, []).append(cost)
    return by_rule


def _forwards(costs: Iterable[Cost]) -> dict[str, float]:
    total = sum((cost.forwards for cost in costs if cost.forwards), ForwardCount(0, 0))
    return {"planned": total.planned, "naive": total.naive}


def _row(rule: str, costs: Sequence[Cost], plan: Plan) -> str:
    """A line of the table. Hours are those of the forwards on the first machine that is known."""
    total, gpu = _forwards(costs), [cost.memory.total for cost in costs if cost.memory]
    runs = any(cost.forwards for cost in costs)
    planned, naive = (f"{total[key]:,.0f}" if runs else "-" for key in ("planned", "naive"))
    hours = "-" if not runs else f"{plan.hours_of(costs, plan.seconds[0]):,.3g}" if plan.seconds else "?"
    if any(cost.forwards is None and cost.runs_network for cost in costs):
        planned = naive = hours = "?"
    disk = "?" if any(cost.disk is None for cost in costs) else size(sum(cost.disk for cost in costs))
    return f"{rule:<18}{len(costs):>6}{planned:>12}{naive:>12}{hours:>9}{disk:>11}{size(max(gpu, default=0)):>11}"


def _checkpoint(plan: Plan) -> str:
    held = plan.model.checkpoint_bytes
    return "" if held is None else f"; its checkpoint takes {size(held)}"


def _hours(plan: Plan) -> list[str]:
    if not plan.counted:
        return []
    if not plan.seconds:
        return [f"seconds per forward: {MEASURE}"]
    lines = []
    for seconds in plan.seconds:
        total, longest, hours = plan.hours(seconds)
        by_batch = sorted(seconds.by_batch.items())
        figures = ", ".join(f"{value:.3g} s in a batch of {batch}" for batch, value in by_batch)
        lines.append(f"a forward: {figures} ({seconds.hardware}; {seconds.source})")
        lines.append(
            f"{seconds.unit} of the forwards alone: {total:.3g}; {hours:.3g} of the longest job, {longest.job}"
        )
    return lines


def _memory(plan: Plan) -> list[str]:
    largest, stated = plan.largest, plan.config["gpu_memory_gb"]
    if largest is None:
        return []
    memory = largest.memory
    held = "what its activations take is not known yet" if memory.held is None else f"{size(memory.held)} beside them"
    parts = f"{memory.what}: {size(memory.weights)} weights, {held}"
    against = "gpu_memory_gb of config.yaml is null, so it is held against no GPU"
    if stated is not None:
        against = f"{'which is more than' if memory.total > stated * GB else 'it fits'} the GPU of {stated:g} GB"
    return [f"most memory of a job: {size(memory.total)} in {largest.job.rule} ({parts})", against]
