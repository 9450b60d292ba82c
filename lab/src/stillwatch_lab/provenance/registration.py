"""What will be asked, computed and concluded, written down and hashed before the suspect is asked anything."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch_lab.errors import RunError

FORMAT = "stillwatch-lab provenance 1"


@dataclass(frozen=True)
class Registration:
    """The plan, its SHA-256, and the nonce under which it commits to the watermark's key."""

    plan: Mapping[str, Any]
    digest: str
    nonce: str


def register(plan: Mapping[str, Any], *, key: int | None, folder: Path) -> Registration:
    """Write ``registration.json`` (to publish) and ``opening.json`` (to keep until the result is out).

    A folder with a registration keeps it: the same plan goes on under it, another is refused with RunError, since a
    plan that is changed after a look is none. So is a folder in which the suspect has answered without one.
    """
    path = folder / "registration.json"
    if path.exists():
        return _go_on(plan, path, folder / "opening.json", key=key)
    if (heard := folder / "suspect.json").exists():
        raise RunError(
            f"{heard}: the suspect has answered here and {path.name} is gone. A plan is written before the suspect is "
            "asked: take another folder, and publish both results"
        )
    nonce = secrets.token_hex(16)
    whole = {"format": FORMAT, **plan, "key_commitment": commit_key(key, nonce)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "opening.json").write_text(json.dumps({"nonce": nonce}) + "\n", encoding="utf-8")
    path.write_bytes(canonical(whole))
    return Registration(whole, digest(whole), nonce)


def commit_key(key: int | None, nonce: str) -> str:
    """Commit to a watermark's key without showing it: SHA-256 of ``nonce:key``."""
    return sha256(f"{nonce}:{key}".encode()).hexdigest()


def canonical(plan: Mapping[str, Any]) -> bytes:
    """Give the bytes that are hashed: keys sorted, no spaces, UTF-8, one newline."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def digest(plan: Mapping[str, Any]) -> str:
    """Hash a plan: the SHA-256 of ``registration.json`` as it is on disk."""
    return sha256(canonical(plan)).hexdigest()


def _go_on(plan: Mapping[str, Any], path: Path, opening: Path, *, key: int | None) -> Registration:
    whole = json.loads(path.read_bytes())
    nonce = json.loads(opening.read_bytes())["nonce"]
    changed = sorted(name for name in plan if whole.get(name) != json.loads(json.dumps(plan[name])))
    if changed:
        raise RunError(
            f"{path}: registered with other {', '.join(changed)}. A plan is not changed after it was registered: "
            "take another folder, and publish both results"
        )
    if whole["key_commitment"] != commit_key(key, nonce):
        raise RunError(f"{path}: registered with another watermark key than the dossier has now")
    return Registration(whole, digest(whole), nonce)
