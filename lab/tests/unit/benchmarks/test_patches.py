from __future__ import annotations

from stillwatch_lab.benchmarks.patches import changed_files, find_patch, is_patch

PATCH = """diff --git a/x/y.py b/x/y.py
--- a/x/y.py
+++ b/x/y.py
@@ -1,2 +1,3 @@
 one
-two
+2
+3
\\ No newline at end of file
"""


def test_a_patch_is_taken_out_of_what_was_said() -> None:
    assert find_patch(f"Here:\n```diff\n{PATCH}```\nDone.") == PATCH
    assert find_patch(f"Here:\n{PATCH}") == PATCH
    assert find_patch("I cannot.") == ""


def test_files_are_named() -> None:
    assert changed_files(PATCH) == {"x/y.py"}
    assert changed_files("--- a/x\n+++ /dev/null\n") == set()


def test_hunks_must_have_the_lines_that_they_claim() -> None:
    assert is_patch(PATCH)
    assert not is_patch(PATCH.replace("+3\n", ""))
    assert not is_patch(PATCH.replace(" one\n", "*one\n"))
    assert not is_patch("+++ b/x\n")
    assert not is_patch("")
