"""Variables of the environment with which no hub can be asked: one line that names each, before anything is asked."""

import os
import subprocess
import sys

import pytest

from chainofsteps.errors import InputError
from chainofsteps.store import network
from chainofsteps.store.download import fetch
from chainofsteps.store.network import check_patience, check_way, proxy_to

SECRET = "pa55word"
BAD = [
    ("ALL_PROXY", "socks5://127.0.0.1:9", "is a SOCKS proxy, for which the package socksio is missing; `python -m pip"),
    ("https_proxy", "socks5h://proxy:1080", "is a SOCKS proxy, for which the package socksio is missing"),
    (
        "HTTPS_PROXY",
        f"foo://me:{SECRET}@proxy:1",
        "is no address; set it to one that begins with http://, https://, socks",
    ),
    ("HTTP_PROXY", f"http://me:{SECRET}@proxy:abc", "is no address; .* such as http://proxy:3128, or unset it"),
    ("HF_ENDPOINT", "hf-mirror.com", "is no address; .* begins with http://, https://, such as https://huggingface.co"),
    ("HF_ENDPOINT", "", "is no address"),
    ("HF_ENDPOINT", "ftp://mirror", "is no address"),
    ("HF_ENDPOINT", "http://127.0.0.1:x", "is no address"),
    ("HF_ENDPOINT", "http://[::1", "is no address"),
    (
        "SSL_CERT_FILE",
        "/nowhere.pem",
        "is /nowhere.pem, which is not there; give the place of certificates, or unset it",
    ),
    ("HF_TOKEN", f"hf_{SECRET} b", "has a character that no token has; copy it anew"),
    ("HF_TOKEN", f"hf_{SECRET}\nb", "has a character that no token has"),
    ("HUGGING_FACE_HUB_TOKEN", f"hf_{SECRET}ä", "has a character that no token has"),
]


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    for name in os.environ:
        if name.lower() in (*network.PROXIES, "no_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(network, "find_spec", lambda name: None)


@pytest.mark.parametrize("name, value, words", BAD)
def test_a_variable_that_cannot_be_is_named_and_its_secrets_are_not(name, value, words, monkeypatch, tmp_path):
    monkeypatch.setenv(name, value)
    for ask in (check_way, lambda: fetch({"repo": "a/b", "revision": None}, tmp_path / "models" / "b")):
        with pytest.raises(InputError, match=f"^{name} {words}") as error:
            ask()
        assert "\n" not in str(error.value) and SECRET not in str(error.value)
    assert not (tmp_path / "models").exists()


def test_what_can_be_is_not_refused(monkeypatch):
    check_way({})
    check_way({"HTTPS_PROXY": "proxy.example:3128", "HF_ENDPOINT": "https://hf-mirror.com", "HF_TOKEN": "hf_abc\n"})
    check_way({"ALL_PROXY": "socks5://proxy:1080", "NO_PROXY": "*"})
    monkeypatch.setattr(network, "find_spec", lambda name: name)
    check_way({"ALL_PROXY": "socks5://proxy:1080"})


def test_time_limits_are_whole_seconds():
    check_patience({"HF_HUB_DOWNLOAD_TIMEOUT": "60"})
    for name, value in (
        ("HF_HUB_DOWNLOAD_TIMEOUT", "abc"),
        ("HF_HUB_ETAG_TIMEOUT", "0"),
        ("HF_HUB_ETAG_TIMEOUT", "-1"),
    ):
        with pytest.raises(InputError, match=f"{name} is '{value}'; set it to whole seconds, such as 60, or unset it"):
            check_patience({name: value})


def test_the_proxy_of_an_address():
    both = {"HTTPS_PROXY": "http://a", "https_proxy": "http://b", "ALL_PROXY": "http://c"}
    assert proxy_to("https://huggingface.co", both) == "https_proxy"
    assert proxy_to("http://huggingface.co", both) == "ALL_PROXY"
    assert proxy_to("http://huggingface.co", {"HTTPS_PROXY": "http://a"}) is None
    for without in ("*", "x, huggingface.co", ".co"):
        assert proxy_to("https://huggingface.co", {**both, "NO_PROXY": without}) is None
    assert proxy_to("https://huggingface.co", {**both, "NO_PROXY": ""}) == "https_proxy"


def test_a_proxy_that_does_not_answer_is_named(tmp_path):
    """In a process of its own, since the client keeps its proxies."""
    code = (
        "import sys\nfrom chainofsteps.store.download import fetch\n"
        "fetch({'repo': 'a/b', 'revision': None}, sys.argv[1])"
    )
    environ = {**os.environ, "HTTPS_PROXY": f"http://me:{SECRET}@127.0.0.1:9", "HF_ENDPOINT": "https://hub.invalid"}
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "x" / "y"], env=environ, capture_output=True, text=True
    )
    last = run.stderr.splitlines()[-1]
    assert (
        "cannot reach https://hub.invalid, by the proxy of HTTPS_PROXY (" in last and "; check HTTPS_PROXY, and" in last
    )
    assert SECRET not in run.stderr
