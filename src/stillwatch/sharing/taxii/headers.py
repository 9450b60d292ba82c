"""What a request's headers say: credential, and which media types it sends and takes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from stillwatch.sharing.taxii.answers import MEDIA_TYPE, RefusedError

Headers = Iterable[tuple[bytes, bytes]]
_TAXII = "application/taxii+json"
_WILD = frozenset({"*/*", "application/*"})
_VERSIONS = frozenset({"", "2.1"})


def read_token(headers: Headers) -> bytes | None:
    """Return the token of ``Authorization: Bearer``, ``Token`` (taxii2-client) or the password of ``Basic``."""
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) != 1:
        return None
    scheme, _, rest = given[0].strip().partition(b" ")
    if scheme.lower() in {b"bearer", b"token"}:
        return rest.strip() or None
    if scheme.lower() == b"basic":
        try:
            return b64decode(rest, validate=True).partition(b":")[2] or None
        except ValueError:
            return None
    return None


def check_accept(headers: Headers) -> None:
    """Refuse a request that takes no TAXII 2.1 (section 1.6.8.1); without ``Accept`` it takes anything (RFC 9110)."""
    said = ",".join(value.decode("latin-1") for name, value in headers if name == b"accept")
    if not said.strip():
        return
    for part in said.split(","):
        kind, parameters = _media_type(part)
        if parameters.get("q", "1").rstrip("0") in {"0.", "0", ""}:
            continue
        if kind in _WILD or (kind == _TAXII and parameters.get("version", "") in _VERSIONS):
            return
    raise RefusedError(406, f"this server answers in {MEDIA_TYPE}; name it in the Accept header")


def check_content_type(headers: Headers) -> None:
    """Refuse a body that is not TAXII 2.1, or is compressed."""
    said = [value.decode("latin-1") for name, value in headers if name == b"content-type"]
    kind, parameters = _media_type(said[0]) if len(said) == 1 else ("", {})
    if kind != _TAXII or parameters.get("version", "") not in _VERSIONS:
        raise RefusedError(415, f"send the body as {MEDIA_TYPE}")
    if any(name == b"content-encoding" and value.lower() != b"identity" for name, value in headers):
        raise RefusedError(415, "send the body without content encoding")


def takes_gzip(headers: Headers) -> bool:
    """Tell whether the client takes gzip."""
    said = ",".join(value.decode("latin-1") for name, value in headers if name == b"accept-encoding")
    codings = dict(_media_type(part) for part in said.split(","))
    return "gzip" in codings and codings["gzip"].get("q", "1").rstrip("0") not in {"0.", "0", ""}


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = text.lower().split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip(), {name.strip(): value.strip().strip('"') for name, _, value in pairs}
