"""Bytes to JSON documents: JSON lines, JSON arrays and pretty-printed files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import orjson

from stillwatch.errors import SourceError
from stillwatch.ingest.rejects import ROW_CHARACTERS, Rejects
from stillwatch.ingest.values import REPAIRED, repair_text

CHUNK_BYTES = 1 << 20
MAX_DOCUMENT_BYTES = 1 << 30
"""A line, or a pretty-printed file, larger than this is refused: it would have to fit in memory several times
over."""

PEEK_LINES = 20
"""Lines looked at to tell a pretty-printed file from JSON lines whose first line is damaged."""


class Stream(Protocol):
    """What is read: an open file, packed or not."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True)
class Parsed:
    """One JSON object, the line it is on (or its position in a JSON array), and how many bytes it took."""

    line: int
    value: dict[str, object]
    size: int


def read_documents(stream: Stream, *, path: Path, rejects: Rejects) -> Iterator[Parsed]:
    """Yield every JSON object of the stream; what is none is rejected.

    Raises SourceError for a document too large to hold, and what the stream raises if its packing is damaged.
    """
    lines = enumerate(_read_lines(stream, path), start=1)
    filled = ((number, line) for number, line in lines if line.strip())
    head = list(islice(filled, PEEK_LINES))
    if _is_spread(head):
        yield from _read_whole(chain(head, filled), path=path, rejects=rejects)
        return
    for number, line in chain(head, filled):
        yield from _read_line(number, line, path=path, rejects=rejects)


def parse(raw: bytes) -> tuple[object, bool]:
    """Parse JSON, strictly and fast, or else leniently; say whether its text had to be repaired.

    Lenient: control characters, NaN, lone surrogates and bytes that are not UTF-8 (both become U+FFFD).
    Raises ValueError if it is no JSON, or nested too deeply.
    """
    try:
        return orjson.loads(raw), False
    except orjson.JSONDecodeError as problem:
        first = problem
    text, repaired = raw.decode("utf-8-sig", "replace"), not _is_utf8(raw)
    try:
        value = json.loads(text, strict=False)
        again, surrogates = repair_text(json.dumps(value, ensure_ascii=False))
        return (json.loads(again) if surrogates else value), repaired or surrogates
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        raise ValueError(f"not JSON: {first.msg}") from None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_lines(stream: Stream, path: Path) -> Iterator[bytes]:
    pieces: list[bytes] = []
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        first, *rest = chunk.split(b"\n")
        pieces.append(first)
        size += len(first)
        if size > MAX_DOCUMENT_BYTES:
            raise _too_large(path)
        if rest:
            yield b"".join(pieces)
            yield from rest[:-1]
            pieces, size = [rest[-1]], len(rest[-1])
    if size:
        yield b"".join(pieces)


def _is_spread(head: list[tuple[int, bytes]]) -> bool:
    """Tell whether one document is spread over many lines: begun like one, and no line is one."""
    if len(head) < 2 or not head[0][1].lstrip(b"\xef\xbb\xbf \t\r").startswith((b"{", b"[")):
        return False
    return not any(_is_document(line) for _, line in head)


def _is_document(line: bytes) -> bool:
    try:
        value, _ = parse(line.rstrip(b", \t\r"))
    except ValueError:
        return False
    return isinstance(value, dict) and bool(value)


def _read_whole(lines: Iterable[tuple[int, bytes]], *, path: Path, rejects: Rejects) -> Iterator[Parsed]:
    kept: list[tuple[int, bytes]] = []
    size = 0
    for number, line in lines:
        size += len(line)
        if size > MAX_DOCUMENT_BYTES:
            raise _too_large(path)
        kept.append((number, line))
    raw = b"\n".join(line for _, line in kept)
    try:
        parse(raw)
    except ValueError as problem:
        rejects.reject(
            "not JSON",
            f"neither JSON lines nor one JSON document: {problem}",
            path=path,
            line=1,
            row=_show(raw),
        )
        return
    yield from _read_line(1, raw, path=path, rejects=rejects)


def _read_line(number: int, raw: bytes, *, path: Path, rejects: Rejects) -> Iterator[Parsed]:
    if raw.strip() in {b"[", b"]", b",", b"],"}:
        return
    try:
        value, repaired = _parse_element(raw)
    except ValueError as problem:
        rejects.reject("not JSON", str(problem), path=path, line=number, row=_show(raw))
        return
    if repaired:
        rejects.warn(REPAIRED, "bytes or escapes that are no text became U+FFFD", path=path, line=number)
    if isinstance(value, dict):
        yield Parsed(number, value, len(raw))
        return
    elements = value if isinstance(value, list) else [value]
    for position, element in enumerate(elements, start=number):
        if isinstance(element, dict):
            yield Parsed(position, element, len(raw) // len(elements))
        else:
            rejects.reject(
                "not an object",
                "a JSON value that is not an object",
                path=path,
                line=position,
                row=_show(raw),
            )


def _parse_element(raw: bytes) -> tuple[object, bool]:
    """Parse a line; the comma after an element of an array that has one element a line is forgiven."""
    try:
        return parse(raw)
    except ValueError:
        bare = raw.rstrip()
        if not bare.endswith((b",", b"]")):
            raise
        return parse(bare[:-1])


def _show(raw: bytes) -> str:
    return raw[: 4 * ROW_CHARACTERS].decode("utf-8", "replace")


def _too_large(path: Path) -> SourceError:
    return SourceError(
        f"{path}: a JSON document over {MAX_DOCUMENT_BYTES >> 30} GiB; write one object a line (jq -c '.[]')"
    )
