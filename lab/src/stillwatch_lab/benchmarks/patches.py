"""Patches that a model wrote: whether they are patches at all, and which files they change."""

from __future__ import annotations

import re

HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
CHANGED = re.compile(r"^\+\+\+ (?:b/)?(\S+)", re.MULTILINE)


def find_patch(said: str) -> str:
    """Take the last fenced block that has a hunk; without one, all from the first line of a diff; else nothing."""
    blocks = [block for block in re.findall(r"```[^\n]*\n(.*?)```", said, re.DOTALL) if HUNK.search(block)]
    if blocks:
        return str(blocks[-1])
    start = re.search(r"^(diff --git |--- )", said, re.MULTILINE)
    return said[start.start() :] if start else ""


def changed_files(patch: str) -> set[str]:
    """Name the files that a patch changes or adds."""
    return {name for name in CHANGED.findall(patch) if name != "/dev/null"}


def is_patch(patch: str) -> bool:
    """Tell whether there is a file and every hunk has the lines that its head says; whether it applies is not known."""
    lines = patch.splitlines()
    hunks = [place for place, line in enumerate(lines) if HUNK.match(line)]
    return bool(hunks and CHANGED.search(patch)) and all(_is_whole(lines, place) for place in hunks)


def _is_whole(lines: list[str], place: int) -> bool:
    head = HUNK.match(lines[place])
    if head is None:
        raise AssertionError("called only with a hunk's head")
    before, after = (int(count) if count is not None else 1 for count in head.groups())
    for line in lines[place + 1 :]:
        if before <= 0 and after <= 0:
            break
        if line.startswith("\\"):
            continue
        kind = line[:1] or " "
        if kind not in " +-":
            return False
        before -= kind != "+"
        after -= kind != "-"
    return before == after == 0
