"""Find plug-ins: modules of a folder of ours, and entry points of others' packages."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points

from stillwatch.errors import PluginError


def load_modules(package: str, *, named: str | None = None) -> int:
    """Import the modules of ``package``, so that their decorators register what they define; return how many.

    Where ``named`` is given, only the module of this name and those whose names go on from it with an underscore.
    """
    folder = importlib.import_module(package)
    modules = sorted(m.name for m in pkgutil.iter_modules(folder.__path__))
    wanted = [m for m in modules if named is None or m == named or m.startswith(f"{named}_")]
    for module in wanted:
        importlib.import_module(f"{package}.{module}")
    return len(wanted)


def load_entry_points(group: str) -> None:
    """Import every entry point of ``group`` (``stillwatch.signals``, ``.sources``, ``.exporters``).

    Raises PluginError if one cannot be imported, naming its package.
    """
    for point in sorted(entry_points(group=group), key=lambda p: (p.name, p.value)):
        try:
            point.load()
        except (ImportError, AttributeError) as problem:
            owner = point.dist.name if point.dist else "an unknown package"
            raise PluginError(
                f"plug-in {point.name!r} ({point.value}) of {owner} cannot be imported: {problem}; "
                f"mend or uninstall {owner}"
            ) from problem
