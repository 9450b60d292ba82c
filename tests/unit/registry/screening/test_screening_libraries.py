"""Optional libraries."""

from __future__ import annotations

import pytest

from stillwatch.errors import SettingsError
from stillwatch.registry.screening.libraries import library


def test_a_missing_library_says_what_to_install() -> None:
    with pytest.raises(SettingsError, match=r"pip install 'stillwatch\[registry\]'"):
        library("no_such_library.names")
