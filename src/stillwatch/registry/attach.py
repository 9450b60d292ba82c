"""Evidence made of a bundle: verified first, then named by its digest, its campaign and its place in the host's log."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import Any

from stillwatch.errors import RegistryError
from stillwatch.evidence import verify
from stillwatch.registry.nouns import Evidence


def attach_bundle(
    path: Path, *, provider: str, shows: str, owner: str = "", repeats: str = "", policy: str | None = None
) -> Evidence:
    """Verify a bundle and return it as evidence. Raises RegistryError if it does not hold.

    ``policy`` is the register's own tlog-policy; without one the verdicts say that nobody vouched for the log's key.
    """
    try:
        found = verify.Verification(path, policy)
        index = _index(found)
    except (verify.Refused, *verify.BROKEN) as problem:
        raise RegistryError(f"{path}: no evidence: the bundle is refused: {problem}") from None
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Evidence(
        provider=provider,
        shows=shows,
        owner=owner,
        bundle=digest,
        origin=found.log.origin,
        index=index,
        repeats=repeats,
        verdicts={name: said for name, (said, _) in found.verdicts.items()},
    )


def _index(found: verify.Verification) -> int:
    """Return the index of the log's note about the campaign, or else of the first counted call."""
    campaign = found.manifest["campaign"]
    for name in sorted(n for n in found.bundle.sizes if n.startswith("log/") and n.endswith(".json")):
        said: dict[str, Any] = found.bundle.json(name)
        if said.get("campaign") == campaign and said["kind"] in {"finding", "claim"}:
            return int(name.removeprefix("log/").removesuffix(".json"))
    with found.bundle.stream("calls.csv") as file:
        file.readline()
        return int(file.readline().split(b",", 1)[0])
