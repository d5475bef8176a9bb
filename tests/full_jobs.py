"""Every job that uses a GPU, by its rule's name, on a model of full.py. Each gives what it keeps: all on the host."""

from types import SimpleNamespace

import torch
from full import STEPS, TASK, Reader, encoders_of, vae_of

from chainofsteps.bench.cases import write_case
from chainofsteps.bench.puzzles import draw
from chainofsteps.model import conditioning as encoding
from chainofsteps.model import schedule
from chainofsteps.model.sampling import vae_settings
from chainofsteps.names import RunId
from chainofsteps.probes import judge as judging
from chainofsteps.probes.activations.job import norms_piece
from chainofsteps.probes.baseline import job as baseline
from chainofsteps.probes.candidates.calibration import teacher_forced
from chainofsteps.probes.candidates.job import encode_case
from chainofsteps.probes.ensemble import job as ensemble_job
from chainofsteps.probes.ensemble.spec import expand
from chainofsteps.probes.few_steps.job import run_piece as run_few_steps
from chainofsteps.probes.frames.job import run_piece as run_frames
from chainofsteps.probes.indices import indices
from chainofsteps.probes.ladder.job import Ladder, Rung
from chainofsteps.probes.linear_readout.job import states_piece
from chainofsteps.probes.noise.clip import Clips
from chainofsteps.probes.noise.job import Perturbing
from chainofsteps.probes.noise.score import Scoring
from chainofsteps.probes.noise.similarity import Similarity
from chainofsteps.probes.noise.spec import expand as interventions
from chainofsteps.probes.swap.job import Swapping
from chainofsteps.probes.x0_pred.job import read_run
from chainofsteps.probes.x0_pred.pictures import pictures

RUN = RunId(TASK, "00000", 1)


def trajectory(full):
    network = full.network()
    return full.pieces(
        RUN.name, lambda piece: baseline.record_piece(network, RUN, piece, {"share_noise_over_cases": False})
    ).tensors


def noise(full):
    similarity = Similarity.from_config(full.config["similarity"])
    work = Perturbing(full.network(), full.trajectories(), full.config["noise"], similarity, 2)
    return full.pieces(RUN.name, lambda piece: work.perturb(RUN, piece)).tensors


def swap(full, stored=True):
    """stored: the source's run is that of the same noise; else it runs beside."""
    trajectories = full.trajectories()
    if not stored:
        trajectories.items["00001-seed1"] = trajectories.items["00001-seed2"]
    section = full.config["swap"]
    work = Swapping(full.network(), trajectories, section, 2, {"00000": "00001"}, ["00000"], full.layers)
    return full.pieces(RUN.name, lambda piece: work.swap(RUN, piece)).tensors


def ensemble(full):
    network, trajectories, section = full.network(), full.trajectories(), full.config["ensemble"]
    runs = expand(section, full.layers)
    merged = (network, TASK), (trajectories, runs, section)
    return full.pieces("00000", lambda piece: ensemble_job.merge_piece(*merged[0], piece, *merged[1])).tensors


def activations(full):
    network, section = full.network(batch_size=1), full.config["activations"]
    how = (full.trajectories(), indices("layers", section["layers"], full.layers), section, [1, 2, 2])
    return full.pieces(RUN.name, lambda piece: norms_piece(network, RUN, piece, *how)).tensors


def linear_readout(full):
    network, how = full.network(batch_size=1), (full.trajectories(), full.config["linear_readout"])
    return full.pieces(RUN.name, lambda piece: states_piece(network, RUN, piece, *how)).tensors


def frames(full):
    network = full.network(batch_size=1)
    return full.pieces(RUN.name, lambda piece: run_frames(network, RUN, 5, piece, False)).tensors


def few_steps(full):
    network, sigmas = full.network(batch_size=1), schedule.sigmas(2, 3.0)
    work = lambda piece: run_few_steps(network, RUN, sigmas, piece, False)  # noqa: E731
    return full.pieces(RUN.name, work, sigmas).tensors


def calibration(full):
    return teacher_forced(full.network(), full.answers(), RUN, 1)[0]


def ladder(full):
    layout = draw(TASK, 0, held_out=True).layout
    case = SimpleNamespace(task=TASK, name="00000", layout=layout)
    settings = {"numbers": [STEPS], "seed": 1, "share_noise_over_cases": False, "residual": 0.5}
    rungs = {"a": Rung(case, full.network(), full.answers())}
    return Ladder(rungs, settings).measure("a")[0]


def conditioning(full, monkeypatch):
    """Of a case whose encoders are loaded one after the other, as from the folder."""
    text, image = encoders_of(full.name)
    monkeypatch.setattr(encoding, "load_text_encoder", lambda *_args: text)
    monkeypatch.setattr(encoding, "load_image_encoder", lambda *_args: image)
    monkeypatch.setattr(baseline, "load_vae", lambda *_args, **_kwargs: vae_of(full.name))
    size = full.video
    frame = torch.zeros(size.height, size.width, 3, dtype=torch.uint8).numpy()
    sizes = {"frames": size.frames, "height": size.height, "width": size.width}
    case = SimpleNamespace(task=TASK, name="00000", prompt="move the red square", first_frame=frame, **sizes)
    return baseline.Encoder.of(str(full.folder), [case], full.sampled()).encode(case).to_tensors()


def judge(full, monkeypatch):
    """With the case in its real size, and the VAE on the GPU."""
    size = full.video
    drawn = draw(TASK, 0, held_out=True, size=(size.height, size.width), frames=size.frames)
    write_case(full.folder / "cases", "In-Domain_50", TASK, "00000", drawn)
    vae = vae_of(full.name, **vae_settings(full.config["models"][full.name]))
    monkeypatch.setattr(judging, "load_vae", lambda *_args, **_kwargs: vae)
    return judging.Judge(
        "", {"device": torch.device("meta")}, {"root": full.folder / "cases", "task": TASK, "cases": ["00000"]}
    )


def scoring(full, by):
    section = {**full.config["noise"], "schemes": ["step"], "steps": [0], "operators": ["replace"]}
    perturbed = {run.name(): torch.zeros(full.shape[1:]) for run in interventions(section, STEPS, full.shape[2])}
    settings = {"seeds": [1], "null_seed": 2, "restore_first_frame": True}
    encoded = full.job().read("conditioning")
    noised = Reader({RUN.name: perturbed}, {"noise": section})
    return Scoring(by, encoded, full.trajectories(), noised, settings, STEPS)


def decoded(full, by):
    """What rules that decode say of a case: rows of numbers."""
    panel = SimpleNamespace(name="a", run=RUN, steps=[0], frames=[0, 4])
    panel.of_video = lambda _frames: panel
    return {
        "score": lambda: scoring(full, by).rows("00000"),
        "x0_pred": lambda: read_run(by, RUN, full.trajectories()),
        "clip": lambda: list(Clips(scoring(full, by), full.answers()).rows("00000")),
        "answers": lambda: encode_case(by, "00000")[0],
        "panels": lambda: pictures(panel, full.trajectories(), by.vae)[0],
    }
