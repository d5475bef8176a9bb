import av
import numpy as np
import pytest
import tiny
import torch

from chainofsteps.decode import decode, read_mp4, write_mp4
from chainofsteps.denoise import initial_latents
from chainofsteps.errors import InputError
from chainofsteps.models import load_vae


def test_pixels_of_normalised_latents(checkpoint):
    vae = load_vae(checkpoint)
    latents = torch.cat([initial_latents(tiny.LATENTS_SHAPE, "00000", seed) for seed in range(3)])
    video = decode(vae, latents)
    assert video.shape == (3, 17, 64, 64, 3) and video.dtype == np.uint8
    mean, std = (
        torch.tensor(v).view(1, 16, 1, 1, 1) for v in (vae.config.latents_mean, vae.config.latents_std)
    )
    with torch.no_grad():
        unit = vae.decode(latents * std + mean).sample / 2 + 0.5
    expected = (unit.clamp(0, 1) * 255).permute(0, 2, 3, 4, 1).numpy()
    assert np.abs(video - expected).max() < 0.501  # rounded, not cut
    together = decode(vae, latents, batch_size=2)
    assert np.abs(together.astype(int) - video).max() <= 1


def moving_square(frames=17, size=64):
    video = np.full((frames, size, size, 3), 255, np.uint8)
    for frame in range(frames):
        video[frame, 24:40, 2 * frame : 2 * frame + 16] = (220, 40, 40)
    return video


def test_a_video_survives_its_file(tmp_path):
    video = moving_square()
    write_mp4(tmp_path / "v" / "x.mp4", video, fps=8)
    back = read_mp4(tmp_path / "v" / "x.mp4")
    assert back.shape == video.shape and back.dtype == np.uint8
    assert np.abs(back.astype(int) - video).mean() < 3
    with av.open(str(tmp_path / "v" / "x.mp4")) as container:
        assert container.streams.video[0].average_rate == 8
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["x.mp4"]


def test_the_same_video_is_the_same_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, moving_square())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_bad_videos(tmp_path):
    with pytest.raises(InputError, match="63x64 pixels; H.264 needs even sides"):
        write_mp4(tmp_path / "x.mp4", moving_square()[:, :63])
    with pytest.raises(InputError, match="cannot read video .*x.mp4"):
        read_mp4(tmp_path / "x.mp4")
    write_mp4(tmp_path / "x.mp4", moving_square())
    (tmp_path / "x.mp4").write_bytes((tmp_path / "x.mp4").read_bytes()[:200])
    with pytest.raises(InputError, match="cannot read video .*x.mp4"):
        read_mp4(tmp_path / "x.mp4")


def test_folder_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write .*x.mp4: .*choose a writable folder"):
        write_mp4(tmp_path / "file" / "x.mp4", moving_square())
