"""What a watermark is to the rest of the lab: a way to change scores while text is made, and marks on what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

Processor = Callable[[Tensor, Tensor], Tensor]
"""(ids so far (rows, places), scores (rows, vocabulary)) to new scores; called once a place, as generation goes."""


class Scheme(Protocol):
    """A keyed watermark whose choice depends on the ``width`` words before."""

    @property
    def width(self) -> int:
        """How many words before it looks at."""
        ...

    def processor(self, key: int) -> Processor:
        """Make what changes the scores of each next word, for one batch of texts."""
        ...

    def marks(self, key: int, contexts: Tensor) -> Tensor:
        """Give every word's mark, 0 to 1, after each of ``contexts`` (contexts, width): (contexts, vocabulary).

        A watermarked text has more of the high marks than chance gives; under another key the marks are independent
        of it.
        """
        ...
