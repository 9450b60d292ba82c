"""A second device that is none: tensors on it lie in main memory, and say and behave as if they did not.

As on a GPU, an operation on tensors of both devices fails, a tensor there has no ``numpy()``, and random numbers want a
generator of that device. What runs here on ``ELSEWHERE`` runs on a GPU as far as devices go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar, Self

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_flatten, tree_map

ELSEWHERE = "meta"
"""A device that every build of torch has a name for, and nothing behind it but shapes."""


class Away(torch.Tensor):
    """A tensor on the pretended device."""

    kept: torch.Tensor

    @staticmethod
    def __new__(cls: type[Self], kept: torch.Tensor) -> Self:
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, kept.shape, kept.stride(), kept.storage_offset(), dtype=kept.dtype, device=ELSEWHERE
        )
        made.kept = kept.detach()
        return made  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Away({self.kept})"

    def tolist(self) -> Any:
        return self.kept.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _apply(operation, args, kwargs or {})


class _Pretend(TorchDispatchMode):
    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _apply(operation, args, kwargs or {})


def _apply(operation: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, torch.Tensor)]
    away = [one for one in tensors if isinstance(one, Away)]
    wanted = kwargs.get("device")
    name = operation._schema.name
    if away and name not in ("aten::_to_copy", "aten::copy_"):
        # As on a GPU, a single number and the indices of a look-up may lie in main memory.
        indexing = name.startswith(("aten::index", "aten::_index_put", "aten::_unsafe_index"))
        strangers = [one for one in tensors if not isinstance(one, Away) and one.dim() > 0]
        if strangers and not indexing:
            raise RuntimeError(f"{name}: expected all tensors on one device, found cpu and {ELSEWHERE}")
    there = bool(away) if wanted is None else torch.device(wanted).type == ELSEWHERE
    if name == "aten::copy_":
        there = isinstance(args[0], Away)
    if (generator := kwargs.get("generator")) is not None and (generator._cdata in Generator.away) != there:
        raise RuntimeError(f"{name}: expected a generator of the tensor's device")
    inner_args = _here(args)
    inner = {key: _here(value) for key, value in kwargs.items()}
    if wanted is not None:
        inner["device"] = torch.device("cpu")
    if name == "aten::histc":  # transformers counts whole numbers where it believes in a GPU
        inner_args = (inner_args[0].float(), *inner_args[1:])
    with _disable_current_modes():
        done = operation(*inner_args, **inner)
    if not there:
        return done
    if operation._schema.is_mutable and args and isinstance(args[0], Away) and not name.endswith("out"):
        returned = tree_flatten(done)[0]
        if any(one is args[0].kept for one in returned if isinstance(one, torch.Tensor)):
            return args[0]
    return tree_map(lambda one: Away(one) if isinstance(one, torch.Tensor) else one, done)


def _here(value: Any) -> Any:
    return tree_map(lambda one: one.kept if isinstance(one, Away) else one, value)


class Generator(torch.Generator):
    """A generator whose device is remembered: torch hands operations the number behind it, not the object."""

    away: ClassVar[dict[int, Generator]] = {}

    def __new__(cls, device: Any = "cpu") -> Self:
        made = super().__new__(cls, "cpu")
        if torch.device(device).type == ELSEWHERE:
            cls.away[made._cdata] = made  # kept, so that the number is not given to another
        return made


def _move(made: torch.Tensor, device: Any) -> torch.Tensor:
    return made if device is None else made.to(device)


@contextmanager
def pretend(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the name of a device on which tensors can be made while this lasts."""
    make, cast = torch.tensor, torch.autocast
    patch.setattr(torch, "Generator", Generator)
    # Where torch is told to make a tensor of shapes alone, it forgets the numbers.
    patch.setattr(torch, "tensor", lambda *given, device=None, **how: _move(make(*given, **how), device))
    patch.setattr(torch, "autocast", lambda kind, **how: nullcontext() if kind == ELSEWHERE else cast(kind, **how))
    with _Pretend():
        yield ELSEWHERE
