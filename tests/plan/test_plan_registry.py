"""The plan loops over the probes: every rule with a GPU is counted, and a new folder is all that a new probe needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from written_rules import rules_with_gpu

from chainofsteps import probes
from chainofsteps.config.read import load_config
from chainofsteps.plan import printed, rules, target
from chainofsteps.plan.jobs import Job
from chainofsteps.probes import count as counting

ROOT = Path(__file__).parents[2]
SOURCE = '''"""The mean norm of the velocity at every step."""

from chainofsteps.probes.count import NetworkCount, baseline, item_bytes


class SpeedCount(NetworkCount):
    def forwards(self, shard):
        return baseline(shard.model.steps, shard.model.branches) * shard.case_count

    def disk(self, shard):
        return shard.case_count * item_bytes(4 * shard.model.steps)


COUNTS = {"speed": SpeedCount()}
'''


@pytest.fixture
def new_probe(tmp_path, monkeypatch):
    """Adds a folder with a count of its own to the probes."""

    def add(name, source):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "count.py").write_text(source)
        for cached in (counting.probe_counts, rules.counts):
            cached.cache_clear()

    monkeypatch.setattr(probes, "__path__", [*probes.__path__, str(tmp_path)])
    yield add
    for module in [
        name for name in sys.modules if name.startswith(("chainofsteps.probes.speed", "chainofsteps.probes.twice"))
    ]:
        del sys.modules[module]
    for cached in (counting.probe_counts, rules.counts):
        cached.cache_clear()


def test_a_new_folder_is_counted_and_printed(new_probe, monkeypatch):
    new_probe("speed", SOURCE)
    config = load_config(ROOT / "config.yaml", model="embedded")
    jobs = [Job("speed", {"model": "embedded", "task": config["cases"]["tasks"][0], "shard": "00"})]
    monkeypatch.setattr(target, "jobs_of", lambda *_: jobs)
    plan = target.plan_of(config, ["all"])
    (cost,), cases = plan.costs, config["cases"]
    number, steps = min(cases["number"], cases["shard_size"]), config["models"]["embedded"]["steps"]
    assert cost.forwards.planned == number * steps and cost.memory.held > 0
    assert cost.disk == target.MANIFEST + number * (4 * steps + counting.TENSOR + counting.ITEM)
    assert re.search(rf"^speed +1 +{number * steps:,} ", printed.table(plan), re.M)


def test_a_rule_is_counted_once(new_probe):
    new_probe("twice", SOURCE.replace("speed", "noise"))
    with pytest.raises(ValueError, match=r"chainofsteps\.probes\.twice\.count: another probe counts the rule noise"):
        counting.probe_counts()


def test_every_rule_with_a_gpu_is_counted_and_no_other_has_memory():
    names = rules_with_gpu()
    counted = {rule for rule, count in rules.counts().items() if count.loaded is not None}
    assert names == counted and {"noise", "swap", "skill"} < names


def test_counts_load_no_torch_and_the_untouched_runs_come_first():
    code = "import sys; from chainofsteps.plan.rules import counts; print(*counts()); sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split()[:3] == ["cases", "conditioning", "trajectory"]
