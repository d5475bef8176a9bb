"""A GPU that computes nothing: the meta device in its place, under CUDA's rules for devices, dtypes and waiting.

What a 14B model would do there runs in seconds: shapes, devices and dtypes are real, numbers are not. A number that is
copied to the host is made up.
"""

from contextlib import contextmanager

import torch
from peak import Peak, tensors_in
from torch.nn import functional

from chainofsteps.model import network

aten = torch.ops.aten
COPIES = {aten._to_copy.default, aten.copy_.default}
INDEXED = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default}  # CUDA takes indices of the host
PRODUCTS = {aten.mm.default, aten.bmm.default, aten.addmm.default, aten.baddbmm.default, aten.convolution.default}
MOST = 2**24  # numbers that are made up one by one: of latents, and not of hidden states or pixels
MADE_UP = 97  # numbers that are repeated in what is copied to the host: not constant, whatever the shape


class Gpu(Peak):
    """downloads and uploads: copies between host and GPU of more than a number; in_layers: those while blocks ran.

    Raises AssertionError where CUDA would refuse tensors of two devices or dtypes, and where Python asks for a number
    that lies on the GPU and so waits for all that was queued: item, tolist, bool, and indices by a mask.
    """

    def __init__(self, waits: int = 0) -> None:
        """waits: for a number, of a library, which are borne with; such a number is 0."""
        super().__init__()
        self.waits = waits
        self.downloads = self.uploads = self.in_layers = self._walks = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        tensors = list(tensors_in(args, kwargs))
        on_gpu = [one for one in tensors if one.is_meta]
        if on_gpu and function in (aten._local_scalar_dense.default, aten.nonzero.default):
            self.waits -= 1
            assert self.waits >= 0, f"{function} waits for the GPU: copy the result to the host once, at the end"
            return 0
        if function in COPIES:
            return self._copied(function, types, args, kwargs or {})
        if on_gpu and len(on_gpu) < len(tensors):
            self._check_devices(function, args, tensors)
        if on_gpu and function in PRODUCTS:
            dtypes = {one.dtype for one in tensors}
            assert len(dtypes) == 1, f"{function} of {dtypes}"
        return super().__torch_dispatch__(function, types, args, kwargs)

    def _check_devices(self, function, args, tensors) -> None:
        if function in INDEXED:
            self_and_values = [args[0], *args[2:3]]
            tensors = [one for one in self_and_values if isinstance(one, torch.Tensor)]
        apart = [tuple(one.shape) for one in tensors if not one.is_meta and one.ndim]
        mixed = apart and any(one.is_meta for one in tensors)
        assert not mixed, f"{function} of tensors on the GPU and of {apart} on the host"

    def _copied(self, function, types, args, kwargs):
        source = args[-1] if function is aten.copy_.default else args[0]
        to_gpu = args[0].is_meta if function is aten.copy_.default else _device(kwargs, source).type == "meta"
        if source.is_meta == to_gpu:
            return super().__torch_dispatch__(function, types, args, kwargs)
        if source.ndim:
            self.uploads += to_gpu
            self.downloads += not to_gpu
            self.in_layers += self._walks > 0
        if to_gpu:
            return super().__torch_dispatch__(function, types, args, kwargs)
        made_up = _made_up(source.shape, kwargs.get("dtype") or source.dtype)
        return args[0].copy_(made_up) if function is aten.copy_.default else made_up

    def _keep(self, tensor, given) -> None:
        if tensor.is_meta:
            super()._keep(tensor, given)

    @contextmanager
    def watched(self, monkeypatch):
        """This GPU, with attention as its kernels do it, and with the walks through the blocks told from the rest."""
        walk = network.walk

        def counted(*args, **kwargs):
            self._walks += 1
            try:
                return walk(*args, **kwargs)
            finally:
                self._walks -= 1

        with monkeypatch.context() as patch:
            patch.setattr(network, "walk", counted)
            patch.setattr(functional, "scaled_dot_product_attention", _attention)
            with self:
                yield self


def _device(kwargs, source):
    return source.device if kwargs.get("device") is None else torch.device(kwargs["device"])


def _made_up(shape, dtype):
    if shape.numel() > MOST:
        return torch.zeros((), dtype=dtype).expand(shape)
    numbers = torch.linspace(-1, 1, MADE_UP).to(dtype)
    return numbers.repeat(shape.numel() // MADE_UP + 1)[: shape.numel()].view(shape)


def _attention(query, key, value, *_args, **_kwargs):
    assert query.device == key.device == value.device and query.dtype == key.dtype == value.dtype
    return torch.empty_like(query)
