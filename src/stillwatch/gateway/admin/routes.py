"""Which method and path leads to which handler. ``*`` is one name, percent-encoded where it needs to be."""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.gateway.admin import handlers
from stillwatch.gateway.admin.handlers import Json, Parts
from stillwatch.gateway.admin.request import RefusedError, Request

Handler = Callable[[Parts, Request], Json]

ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("v1", "accounts"): {"GET": handlers.list_accounts, "POST": handlers.add_account},
    ("v1", "accounts", "*"): {
        "GET": handlers.get_account,
        "PATCH": handlers.set_account,
        "DELETE": handlers.remove_account,
    },
    ("v1", "accounts", "*", "keys"): {
        "GET": handlers.list_keys,
        "POST": handlers.issue_key,
        "DELETE": handlers.revoke_account_keys,
    },
    ("v1", "accounts", "*", "appeal"): {
        "GET": handlers.list_appeals,
        "PUT": handlers.grant_appeal,
        "DELETE": handlers.revoke_appeal,
    },
    ("v1", "accounts", "*", "standing"): {"GET": handlers.get_standing},
    ("v1", "keys"): {"GET": handlers.list_keys},
    ("v1", "keys", "*"): {"DELETE": handlers.revoke_key},
    ("v1", "keys", "*", "rotate"): {"POST": handlers.rotate_key},
    ("v1", "appeals"): {"GET": handlers.list_appeals},
    ("v1", "kill-switch"): {"GET": handlers.get_kill_switch, "PUT": handlers.set_kill_switch},
}


def find_handler(method: str, path: tuple[str, ...]) -> tuple[Handler, tuple[str, ...]]:
    """Return the handler and the names in the path. Raises RefusedError: 404, 405."""
    for pattern, methods in ROUTES.items():
        if len(pattern) == len(path) and all(p in {"*", given} for p, given in zip(pattern, path, strict=True)):
            if method not in methods:
                raise RefusedError(405, f"{method} is not for this path; use {', '.join(methods)}")
            return methods[method], tuple(g for p, g in zip(pattern, path, strict=True) if p == "*")
    raise RefusedError(404, "no such path; docs/directory.md lists them")
