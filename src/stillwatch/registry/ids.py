"""Identifiers with check digits: LEI (ISO 17442) and USCC (GB 32100-2015)."""

from __future__ import annotations

import re

from stillwatch.errors import RegistryError

_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: without I, O, S, V and Z (GB 32100-2015, table 1)."""
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
"""Powers of 3 modulo 31 (GB 32100-2015, annex A)."""


def check_lei(text: str) -> None:
    """Raise RegistryError unless this is an LEI."""
    if not is_lei(text):
        raise RegistryError(
            f"lei: {text!r}: not 20 letters and digits with right check digits (ISO 17442); look it up at gleif.org"
        )


def check_uscc(text: str) -> None:
    """Raise RegistryError unless this is a USCC."""
    if not is_uscc(text):
        raise RegistryError(f"uscc: {text!r}: not 18 characters with a right check character (GB 32100-2015)")


def is_lei(text: str) -> bool:
    """Answer whether the whole, letters as 10 to 35, is 1 modulo 97 (ISO 7064 MOD 97-10)."""
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(c, 36)) for c in text)) % 97 == 1


def is_uscc(text: str) -> bool:
    """Answer whether the last character makes the weighted sum of all a multiple of 31."""
    if len(text) != 18 or set(text) - set(_USCC_ALPHABET):
        return False
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(text, _USCC_WEIGHTS, strict=False))
    return _USCC_ALPHABET[-total % 31] == text[-1]


def fold_id(text: str) -> str:
    """Return an identifier as it is compared: capitals, without spaces, dots and hyphens."""
    return re.sub(r"[\s.\-]", "", text).upper()
