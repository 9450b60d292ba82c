from pathlib import Path

from planted import START_HOUR, campaign, crowd, table_of
from stillwatch.detect.find import find_candidates
from stillwatch.detect.signal import find_signals
from stillwatch.detect.substreams import Substream, find_substreams
from stillwatch.store.engine import Engine


def found(folder: Path, rows: list[dict[str, object]]) -> tuple[list[Substream], set[int]]:
    with Engine(folder) as engine:
        findings = find_candidates(engine, engine.lazy(table_of(rows)), accounts=None, signals=find_signals())
        first = findings.candidates[0]
        (streams,) = find_substreams(engine, findings, [first])
        return streams, set(first.group.accounts.tolist())


def test_each_sub_stream_has_its_own_calls_cues_and_hours(tmp_path: Path) -> None:
    """The campaign sends a second template, without cues and at one hour of the day only."""
    rows = campaign(calls=90)
    second = [
        {**r, "skeleton": 777, "cues": 0, "hour": START_HOUR + 24 * (n % 5), "item": 10**6 + n}
        for n, r in enumerate(rows)
    ]
    streams, members = found(tmp_path, crowd() + rows + second)
    by_value = {s.value: s for s in streams if s.kind == 0}
    one, other = by_value[rows[0]["skeleton"]], by_value[777]
    for stream, mine in ((one, rows), (other, second)):
        sent = [r for r in mine if r["account"] in members]
        hours = [0] * 24
        for row in sent:
            hours[int(row["hour"]) % 24] += 1
        assert stream.calls == len(sent)
        assert stream.hours == hours
        assert stream.accounts == len({r["account"] for r in sent})
    assert one.cues
    assert other.cues == []


def test_nobody_listed_has_no_sub_streams(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        findings = find_candidates(engine, engine.lazy(table_of(crowd())), accounts=None, signals=find_signals())
        assert find_substreams(engine, findings, []) == []
