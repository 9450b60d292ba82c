"""The campaigns of a scan's report, as they are shared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from stillwatch.errors import ReportError
from stillwatch.sharing.choosing import choose
from stillwatch.sharing.keyed import GroupKey
from stillwatch.sharing.nouns import SharedCampaign


def read_shared(
    report: Path, wanted: Sequence[str], *, group_key: GroupKey | None, now: datetime
) -> tuple[SharedCampaign, ...]:
    """Read what may leave of a report's campaigns, all of them or those named.

    Raises ReportError for a folder that is no report, or has no campaign of that name.
    """
    path = report / "campaigns.json"
    try:
        entries: list[dict[str, Any]] = orjson.loads(path.read_bytes())
        known = {str(e["campaign"]): e for e in entries}
    except OSError as problem:
        raise ReportError(
            f"{path}: cannot be read: {problem.strerror}; name the folder of a scan's report"
        ) from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise ReportError(f"{path}: not the campaigns of a scan: {problem}; scan again") from problem
    for name in wanted:
        if name not in known:
            raise ReportError(f"--campaign {name}: {report} has no such campaign; it has {', '.join(known) or 'none'}")
    return tuple(choose(known[name], group_key=group_key, now=now) for name in (wanted or known))
