"""What two hosts agreed on, as a file that both have; and the sets that may be compared under it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stillwatch.errors import SettingsError

MIN_ELEMENTS = 100
"""Elements of either set at least: a set of one is a question about one customer."""
MAX_ELEMENTS = 100_000
"""And at most, whatever was agreed: ten times the 10,000 that take seconds."""
MAX_BYTES = 200
MAX_FILE_BYTES = 30_000_000
FIELDS = {"parties", "purpose", "period_days", "max_elements", "runs_a_period", "min_found"}

_GUESSABLE = {
    "an e-mail address": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "a telephone number": re.compile(r"\+?[0-9][0-9 ()/-]{5,18}[0-9]"),
    "an IPv4 address": re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:/3[0-2])?"),
}
"""Values of which there are so few that a partner could try them all, a period at a time."""


@dataclass(frozen=True)
class Agreement:
    """Terms of comparing sets. ``digest`` names them: both sides check that they hold the same."""

    parties: tuple[str, str]
    purpose: str
    period_days: int
    max_elements: int
    """Elements that one side may ask the other about in a period, all runs together."""
    runs_a_period: int
    """Two sets that differ by one element, compared one after the other, say whether that element is shared."""
    min_found: int
    """Fewer in common: only the number is ever shown."""
    digest: str

    def partner_of(self, me: str) -> str:
        """Return the other party. Raises SettingsError if ``me`` is neither."""
        if me not in self.parties:
            raise SettingsError(f"--as {me}: the agreement is between {' and '.join(self.parties)}")
        return self.parties[1 - self.parties.index(me)]

    def period(self, now: float) -> int:
        """Return the number of the period at a time in seconds since 1970."""
        return int(now // (self.period_days * 86_400))


def read_agreement(path: Path) -> Agreement:
    """Read an agreement in TOML. Raises SettingsError for one that is incomplete or senseless."""
    try:
        raw = path.read_bytes()
        said = tomllib.loads(raw.decode())
    except (OSError, ValueError) as problem:
        raise SettingsError(f"{path}: not an agreement: {problem}") from problem
    if set(said) != FIELDS:
        wrong = ", ".join(sorted(set(said) ^ FIELDS))
        raise SettingsError(f"{path}: an agreement has {', '.join(sorted(FIELDS))} and nothing else; look at: {wrong}")
    parties = said["parties"]
    if not (isinstance(parties, list) and len(parties) == 2 and all(isinstance(p, str) and p for p in parties)):
        raise SettingsError(f"{path}: parties: write the names of both hosts")
    if parties[0] == parties[1] or not isinstance(said["purpose"], str) or not said["purpose"].strip():
        raise SettingsError(f"{path}: two different parties, and a purpose in words")
    numbers = {n: _number(path, said, n) for n in ("period_days", "max_elements", "runs_a_period", "min_found")}
    if not MIN_ELEMENTS <= numbers["max_elements"] <= MAX_ELEMENTS:
        raise SettingsError(f"{path}: max_elements: from {MIN_ELEMENTS} to {MAX_ELEMENTS}")
    return Agreement((parties[0], parties[1]), said["purpose"].strip(), **numbers, digest=sha256(raw).hexdigest())


def read_set(path: Path, agreement: Agreement) -> list[str]:
    """Read a set, a value a line, each once, in order. Raises SettingsError for one that may not be compared."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError(f"{path}: larger than {MAX_FILE_BYTES:,} bytes")
        values = sorted({line.strip() for line in path.read_text("utf-8").splitlines()} - {""})
    except (OSError, ValueError) as problem:
        raise SettingsError(f"{path}: not a set of values, one a line: {problem}") from problem
    if not MIN_ELEMENTS <= len(values) <= agreement.max_elements:
        raise SettingsError(
            f"{path}: {len(values):,} values; {MIN_ELEMENTS} to {agreement.max_elements:,} may be compared: "
            "a small set is a question about somebody"
        )
    for value in values:
        if len(value.encode()) > MAX_BYTES:
            raise SettingsError(f"{path}: a value is longer than {MAX_BYTES} bytes")
        for what, pattern in _GUESSABLE.items():
            if pattern.fullmatch(value.partition(":")[2] or value):
                raise SettingsError(
                    f"{path}: {what} is among the values: a partner could try them all; leave these out"
                )
    return values


def _number(path: Path, said: dict[str, object], name: str) -> int:
    value = said[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"{path}: {name}: a whole number of at least 1")
    return value
