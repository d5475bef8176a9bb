"""What the environment says of the way to a hub: its address, proxies, certificates, token and patience.

Each is read by a library that fails in its own words, some of them long after; here each is one line that names the
variable and the mend. No client is imported: the Snakefile reads this.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..errors import InputError

ENDPOINT = "HF_ENDPOINT"
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
PATIENCE = ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")  # read where huggingface_hub is imported: in every job
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("https_proxy", "http_proxy", "all_proxy")  # in either case; a small one goes before a large one
SCHEMES = ("http", "https", "socks5", "socks5h")


def check_patience(environ: Mapping[str, str] = os.environ) -> None:
    """InputError for a time limit that is no number of seconds: huggingface_hub could not even be imported."""
    for name in PATIENCE:
        value = environ.get(name)
        if value is not None and not (value.isascii() and value.isdigit() and int(value) > 0):
            raise InputError(f"{name} is {value!r}; set it to whole seconds, such as 60, or unset it")


def check_way(environ: Mapping[str, str] = os.environ) -> None:
    """InputError for a variable with which no hub can be asked: address, proxies, certificates, tokens.

    The values of proxies and tokens are not shown, since they hold passwords.
    """
    if ENDPOINT in environ:
        _check_address(ENDPOINT, environ[ENDPOINT], ("http", "https"), "https://huggingface.co")
    if environ.get("no_proxy", environ.get("NO_PROXY", "")).strip() != "*":
        for name in _proxies(environ):
            _check_proxy(name, environ[name])
    for name in CERTIFICATES:
        if environ.get(name) and not Path(environ[name]).exists():
            raise InputError(
                f"{name} is {environ[name]}, which is not there; give the place of certificates, or unset it"
            )
    for name in TOKENS:
        token = environ.get(name, "").strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise InputError(
                f"{name} has a character that no token has; copy it anew from your hub's settings, or unset it"
            )


def proxy_to(address: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The variable whose proxy stands between us and an address; None where there is none.

    NO_PROXY is taken by the ends of names, as most programs take it.
    """
    parts = urlsplit(address)
    host, without = parts.hostname or "", environ.get("no_proxy", environ.get("NO_PROXY", ""))
    if any(end.strip() and (end.strip() == "*" or host.endswith(end.strip())) for end in without.split(",")):
        return None
    fitting = (f"{parts.scheme}_proxy", "all_proxy")
    return next((name for kind in fitting for name in _proxies(environ) if name.lower() == kind), None)


def _proxies(environ: Mapping[str, str]) -> list[str]:
    """The variables that name a proxy."""
    spelt = ((name, name.upper()) for name in PROXIES)
    return [found for both in spelt for found in [next((n for n in both if environ.get(n)), None)] if found]


def _check_proxy(name: str, value: str) -> None:
    parts = _check_address(name, value if "://" in value else f"http://{value}", SCHEMES, "http://proxy:3128")
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise InputError(
            f"{name} is a SOCKS proxy, for which the package socksio is missing; `python -m pip install socksio`, "
            "name an http:// proxy, or unset it"
        )


def _check_address(name: str, value: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    with suppress(ValueError):  # of a port, or of brackets
        parts = urlsplit(value)
        if parts.scheme.lower() in schemes and parts.hostname and (parts.port is None or parts.port):
            return parts
    begins = ", ".join(f"{scheme}://" for scheme in schemes)
    raise InputError(f"{name} is no address; set it to one that begins with {begins}, such as {example}, or unset it")
