"""Options that several commands share: a decorator adds them, opens what they name, and hands that to the command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from inspect import Parameter, Signature
from typing import Any, Concatenate, ParamSpec, TypeVar

Own = ParamSpec("Own")
Opened = TypeVar("Opened")
Command = Callable[Concatenate[Opened, Own], None]


def sharing(
    options: Mapping[str, tuple[Any, Any]], opening: Callable[..., AbstractContextManager[Opened]]
) -> Callable[[Command[Opened, Own]], Callable[..., None]]:
    """Return a decorator that gives a command these options, and what ``opening`` makes of them as first argument.

    ``options`` has an annotation and a default for each name; ``opening`` gets a value for each by its name.
    """
    more = [Parameter(n, Parameter.KEYWORD_ONLY, default=d, annotation=kind) for n, (kind, d) in options.items()]

    def decorate(command: Command[Opened, Own]) -> Callable[..., None]:
        def run(*own: Any, **named: Any) -> None:
            with opening(**{name: named.pop(name) for name in options}) as opened:
                command(opened, *own, **named)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        signature = Signature([*own, *more])
        run.__signature__ = signature  # type: ignore[attr-defined]  # what inspect, and so Typer, looks at first
        run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        run.__doc__, run.__wrapped__ = command.__doc__, command  # type: ignore[attr-defined]
        return run

    return decorate
