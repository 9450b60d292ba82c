"""A command line imports the files of its own command only, so these must hold all of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator

import typer

from stillwatch.cli.main import COMMANDS, app
from stillwatch.plugins import load_modules


def modules_of(group: typer.Typer) -> Iterator[str]:
    """Yield the modules in which the commands of a group are defined."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield inspect.unwrap(command.callback).__module__
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from modules_of(inner.typer_instance)


def test_every_command_is_in_files_of_its_name() -> None:
    load_modules(COMMANDS)
    commands = [
        (c.name or str(c.callback and c.callback.__name__), {str(c.callback.__module__)})
        for c in app.registered_commands
        if c.callback
    ]
    groups = [(str(g.name), set(modules_of(g.typer_instance))) for g in app.registered_groups if g.typer_instance]
    assert len(commands) > 3
    assert len(groups) > 3
    for name, modules in commands + groups:
        inside = {m.removeprefix(f"{COMMANDS}.") for m in modules}
        assert all(m == name or m.startswith(f"{name}_") for m in inside), f"{name} is defined in {sorted(inside)}"


def test_a_scan_imports_no_gateway_and_no_evidence_log() -> None:
    asks = "import sys; from stillwatch.cli.main import load_command; load_command('scan'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "stillwatch.cli.commands.scan" in loaded
    assert not [m for m in loaded if m.startswith("stillwatch.gateway")]
    assert not loaded & {"sqlalchemy", "redis", "cryptography", "stillwatch.evidence.book"}


def test_an_unknown_command_is_looked_for_in_all_files() -> None:
    assert load_modules(COMMANDS, named="scna") == 0
    assert load_modules(COMMANDS, named="evidence") > 3
