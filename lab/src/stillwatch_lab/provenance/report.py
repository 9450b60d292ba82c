"""The result of an investigation as a page."""

from __future__ import annotations

from matplotlib.figure import Figure

from stillwatch_lab.pages.page import Page
from stillwatch_lab.provenance.investigate import Finding, Result
from stillwatch_lab.provenance.outcomes import Verdict

KINDS = {Verdict.FOUND: "found", Verdict.NOT_FOUND: "clear", Verdict.CANNOT_CONCLUDE: "unknown"}


def render_result(result: Result) -> str:
    """Say what was found, what was not, and what could not have been."""
    page = Page(f"Was {result.suspect} made from this model?")
    page.say(summary(result))
    page.say(f"Registered before the suspect was asked, as SHA-256 {result.registration}.")
    judged = [finding for finding in result.findings if finding.verdict is not None]
    page.table(
        ["verdict", "test", "statistic", "p", "adjusted p", "least p", "power", "queries"],
        [_row(finding) for finding in judged],
        classes=[KINDS[f.verdict] for f in judged if f.verdict],
    )
    if judged:
        page.picture(_picture(judged, result.alpha), "Adjusted p-values; right of the line is found.")
    page.heading("What each test saw")
    page.table(["test", "saw"], [(f.outcome.test, f.outcome.notes) for f in result.findings])
    page.heading("How to read this")
    for paragraph in READING.splitlines():
        page.say(paragraph)
    return page.render()


READING = (
    "Found: if the suspect is innocent and the nulls hold as registered, any test of this page says so with "
    "probability alpha at most (Holm's adjustment).\n"
    "Not found: the registered effect, had it been there, would have been seen with the stated power. Smaller "
    "effects may be there.\n"
    "Cannot conclude: the test had too little to go on. It speaks neither for nor against the suspect.\n"
    "Weight lineage answers whether the suspect began as a copy of this model's weights, not whether it learnt from "
    "this model's answers: a student with a start of its own is not found by it, and a copy whose neurons were "
    "shuffled is not either.\n"
    "Identity is told because people ask, and never counts: names travel in web text.\n"
    "Shared errors and style show common origin. Another copy of the same teacher, or the same source of text, "
    "shows them too: the controls keep that apart, and they are only as good as they are like the suspect."
)
"""A paragraph a line."""


def summary(result: Result) -> str:
    """Say it in a sentence."""
    found = [f.outcome.test for f in result.findings if f.verdict is Verdict.FOUND]
    if found:
        return f"Evidence that it was: {', '.join(found)} (family-wise error rate {result.alpha:g})."
    able = [f.outcome.test for f in result.findings if f.verdict is Verdict.NOT_FOUND]
    if able:
        return f"No evidence that it was. Of the tests, {', '.join(able)} could have seen the registered effect."
    return "Nothing can be concluded: no test had the power to see the registered effects."


def _row(finding: Finding) -> tuple[object, ...]:
    o = finding.outcome
    return (
        str(finding.verdict),
        o.test,
        o.statistic,
        o.p_value,
        finding.adjusted,
        o.least,
        f"{o.power:.2f}",
        o.queries,
    )


def _picture(findings: list[Finding], alpha: float) -> Figure:
    figure = Figure(figsize=(7, 0.6 + 0.45 * len(findings)), layout="constrained")
    axes = figure.subplots()
    names = [finding.outcome.test for finding in findings][::-1]
    axes.barh(names, [max(finding.adjusted or 0.0, 1e-12) for finding in findings][::-1], color="#1f5b94")
    axes.axvline(alpha, color="#c4511f")
    axes.set(xscale="log", xlabel="adjusted p")
    axes.invert_xaxis()
    return figure
