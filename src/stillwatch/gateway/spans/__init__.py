"""OpenTelemetry spans of calls: workers hand over lines, one process beside them makes spans and sends them."""
