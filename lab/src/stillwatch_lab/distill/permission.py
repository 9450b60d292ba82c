"""May another model be trained on this teacher? Its licence or its host's terms answer; silence is a no.

The lists are in ``permission.toml``: for each entry the reason, the source and the day it was read. No legal advice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stillwatch_lab.errors import PermissionRefusedError

LISTS = "permission.toml"
UNKNOWN = "other"
"""What model cards call a licence that is none of the common ones."""
MODIFIED_WITHIN = 200
"""Characters of a licence's title: a *modified* MIT licence has conditions that its opening words do not show."""
ASK = (
    "Say which licence the teacher is under (--licence mit) if it permits this, or that the model is your own "
    "(--own 'trained by us, team X'). The lab distils nothing else"
)


@dataclass(frozen=True)
class Permission:
    """Why the teacher may be used: goes into the run card, with the name of whoever answers for it if one was given."""

    basis: str
    """``licence`` or ``own``."""
    statement: str
    """The licence's SPDX identifier, or the owner's words."""
    source: str
    """Where it was read: a file of the model, or the command line."""
    reason: str

    def to_dict(self) -> dict[str, str]:
        """Give the run card's rows."""
        return asdict(self)


def permit_folder(folder: Path, *, licence: str | None, own: str | None) -> Permission:
    """Check a model folder. Its own licence counts before what the command line says.

    Raises PermissionRefusedError with the reason.
    """
    stated, source = read_licence(folder)
    if own:
        if stated != UNKNOWN:
            _refuse_if_listed(stated, source)
        return Permission("own", own, "the command line", "its owner may train on it")
    if stated and licence and _normal(stated) != _normal(licence):
        raise PermissionRefusedError(f"{source} says {stated!r}, --licence says {licence!r}: which one is it?")
    if stated:
        return _permit_licence(stated, source)
    if licence:
        return _permit_licence(licence, "the command line")
    raise PermissionRefusedError(f"{folder}: no licence found in README.md, LICENSE or LICENSE.txt. {ASK}")


def permit_endpoint(url: str, model: str, *, licence: str | None, own: str | None) -> Permission:
    """Check a served model: whose terms forbid it is refused, whatever else is said.

    Raises PermissionRefusedError with the reason.
    """
    host = (urlsplit(url).hostname or "").lower()
    lists = _lists()
    for refused in lists["hosts"]:
        if _is_of(host, refused):
            raise PermissionRefusedError(f"{host}: {_because(refused)}")
    for refused in lists["models"]:
        if re.search(refused["pattern"], model, re.IGNORECASE):
            raise PermissionRefusedError(f"{model} at {host}: {_because(refused)}")
    if own:
        return Permission("own", own, "the command line", "its owner may train on it")
    if licence:
        return _permit_licence(licence, "the command line")
    raise PermissionRefusedError(f"{model} at {host}: nobody said that this is permitted. {ASK}")


def read_licence(folder: Path) -> tuple[str | None, str]:
    """Read what a model folder says of its licence, and where: the model card's front matter, or a licence file."""
    card = folder / "README.md"
    if card.is_file():
        front = re.match(r"---\n(.*?)\n---", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        stated = re.search(r"^license(?:_name)?:\s*['\"]?([\w.+-]+)", front[1], re.MULTILINE) if front else None
        if stated and stated[1].lower() != UNKNOWN:
            return stated[1], str(card)
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md"):
        path = folder / name
        if path.is_file():
            return _recognise(path.read_text(encoding="utf-8", errors="replace")), str(path)
    return None, str(folder)


def _recognise(text: str) -> str:
    """Name a licence by its opening words; what is none of those is ``UNKNOWN``."""
    opening = " ".join(text.split())[:2000].lower()
    if "modified" in opening[:MODIFIED_WITHIN]:
        return UNKNOWN
    for row in _lists()["permitted"]:
        if any(words in opening for words in row.get("opening", [])):
            return str(row["licence"])
    return UNKNOWN


def _permit_licence(licence: str, source: str) -> Permission:
    _refuse_if_listed(licence, source)
    for row in _lists()["permitted"]:
        if _normal(row["licence"]) == _normal(licence):
            return Permission("licence", row["licence"], source, row["reason"])
    known = ", ".join(row["licence"] for row in _lists()["permitted"])
    raise PermissionRefusedError(f"{source}: licence {licence!r} is none that is known to permit this ({known}). {ASK}")


def _refuse_if_listed(licence: str | None, source: str) -> None:
    for row in _lists()["refused"]:
        if licence and re.fullmatch(row["pattern"], licence, re.IGNORECASE):
            raise PermissionRefusedError(f"{source}: licence {licence!r}: {_because(row)}")


def _is_of(host: str, listed: Mapping[str, Any]) -> bool:
    if "pattern" in listed:
        return bool(re.search(listed["pattern"], host))
    return bool(host == listed["host"] or host.endswith("." + listed["host"]))


def _because(listed: Mapping[str, Any]) -> str:
    dated = f"of {listed['of']}, " if "of" in listed else ""
    return f"{listed['reason']} ({listed['source']}, {dated}read {listed['read_on']})"


def _normal(licence: str) -> str:
    return licence.lower().replace("_", "-").removesuffix("-license")


def _lists() -> dict[str, Any]:
    path = resources.files("stillwatch_lab.distill") / LISTS
    return tomllib.loads(path.read_text(encoding="utf-8"))
