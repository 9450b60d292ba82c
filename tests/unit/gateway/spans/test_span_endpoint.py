"""Whether and where spans are sent: settings first, then OpenTelemetry's own variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.settings import GatewaySettings, Journal, Telemetry
from stillwatch.gateway.spans import process
from stillwatch.gateway.spans.exporter import pseudonyms
from stillwatch.gateway.spans.process import span_endpoint, start_spans

HERE = GatewaySettings(telemetry=Telemetry("http://127.0.0.1:4318/"))
NAMED = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("settings", "environ", "endpoint"),
    [
        (GatewaySettings(), {}, None),
        (GatewaySettings(), NAMED, ""),
        (GatewaySettings(), {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}, ""),
        (GatewaySettings(), {**NAMED, "OTEL_TRACES_EXPORTER": "none"}, None),
        (GatewaySettings(), {**NAMED, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ""),
        (GatewaySettings(), {**NAMED, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, None),
        (GatewaySettings(), {**NAMED, "OTEL_SDK_DISABLED": "true"}, None),
        (HERE, {}, "http://127.0.0.1:4318/v1/traces"),
        (HERE, NAMED, "http://127.0.0.1:4318/v1/traces"),
        (HERE, {"OTEL_SDK_DISABLED": "TRUE"}, None),
    ],
)
def test_settings_come_before_the_environment(
    settings: GatewaySettings, environ: dict[str, str], endpoint: str | None
) -> None:
    assert span_endpoint(settings, environ) == endpoint


@pytest.mark.parametrize("url", ["127.0.0.1:4318", "ftp://x", "http://user:secret@x:4318", "http://x?key=secret"])
def test_an_endpoint_with_credentials_or_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="otlp_endpoint") as refused:
        span_endpoint(GatewaySettings(telemetry=Telemetry(url)), {})
    assert "secret" not in str(refused.value)


def test_without_the_library_settings_are_refused_and_the_environment_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(process, "LIBRARY", "no_such_library.at.all")
    monkeypatch.setenv(*next(iter(NAMED.items())))
    with pytest.raises(SettingsError, match=r"stillwatch\[otel\]"):
        start_spans(HERE, metrics=tmp_path)
    assert start_spans(GatewaySettings(), metrics=tmp_path) is None
    assert "stillwatch[otel]" in capsys.readouterr().err


def test_a_collector_that_speaks_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(*next(iter(NAMED.items())))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")
    assert start_spans(GatewaySettings(), metrics=tmp_path) is None
    assert "http/protobuf" in capsys.readouterr().err


def test_something_else_in_the_pipes_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "spans.pipe").write_text("a file")
    settings = GatewaySettings(telemetry=HERE.telemetry, journal=Journal(folder=tmp_path / "journal"))
    with pytest.raises(SettingsError, match=r"spans\.pipe"):
        start_spans(settings, metrics=tmp_path)


def test_a_pseudonym_is_one_accounts_and_tells_nothing_without_the_key() -> None:
    first, other = pseudonyms(b"a" * 32), pseudonyms(b"b" * 32)
    assert first("alice") == first("alice")
    assert len({first("alice")["user.hash"], first("bob")["user.hash"], other("alice")["user.hash"]}) == 3
