"""The most memory that tensors take at once, reckoned on the meta device: shapes run, numbers do not.

So what a 14B model takes is known without its weights and without a GPU. What CUDA's own allocator and its workspaces
take beside that is not in it.
"""

import weakref
from contextlib import contextmanager

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode


class Peak(TorchDispatchMode):
    """peak: most bytes of storages alive at once that were made since it was entered."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._users: dict[int, int] = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given = {one.untyped_storage()._cdata for one in tensors_in(args, kwargs)}
        out = function(*args, **(kwargs or {}))
        for tensor in tensors_in(out):
            self._keep(tensor, given)
        return out

    def _keep(self, tensor: torch.Tensor, given: set[int]) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._users:
            if key in given:  # a view of what was there before: a weight, an input
                return
            self._users[key] = 0
            self.now += size
            self.peak = max(self.peak, self.now)
        self._users[key] += 1
        weakref.finalize(tensor, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self.now -= size


def tensors_in(*values):
    """The tensors of arguments or results, also of those in lists and by name."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(*value)
        elif isinstance(value, dict):
            yield from tensors_in(*value.values())


@contextmanager
def fused_attention():
    """Attention as the GPU's kernels do it, which never hold the tokens x tokens matrix."""
    own = functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = lambda query, *_args, **_kwargs: torch.empty_like(query)
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = own


def of_forward(model, latents_in, *more) -> int:
    """Bytes of one forward through a transformer on the meta device, by embed, walk and head."""
    from chainofsteps.model import network

    with torch.no_grad(), fused_attention(), Peak() as peak:
        network.head(model, network.walk(model, network.embed(model, latents_in, *more)))
    return peak.peak
