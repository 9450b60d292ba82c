"""Write the table of docs/lab-distill.md: what published harvests would cost at the bundled assumptions.

    python -m runs.plan_table

A second; tests/unit/test_lab_docs.py says when the page and the assumptions have come apart.
"""

from __future__ import annotations

from stillwatch_lab.plan.assumptions import read_assumptions
from stillwatch_lab.plan.costs import Harvest
from stillwatch_lab.plan.limits import AccountLimits
from stillwatch_lab.plan.plan import PlanRequest, make_examples

TEACHER, STUDENT, GPU = "deepseek-v4-flash", "qwen2.5-7b", "h100"
CALLS_A_DAY = 200


def table() -> str:
    """Write the rows in Markdown."""
    assumed = read_assumptions(None)
    request = PlanRequest(
        price=assumed.price(TEACHER, None),
        teacher=assumed.model(TEACHER),
        student=assumed.model(STUDENT),
        gpu=assumed.gpu(GPU),
        harvest=Harvest(1, assumed.tokens.prompt, assumed.tokens.reasoning_answer),
        limits=AccountLimits(calls_a_day=CALLS_A_DAY),
    )
    rows = [
        "| harvest | queries | tokens at list price | H100 hours | accounts for 30 days |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, plan in make_examples(request, assumed):
        cells = f"{plan.queries:,} | ${plan.api_usd:,.0f} | {plan.training_gpu_hours:,.1f} | {plan.accounts_at_once:,}"
        rows.append(f"| {name} | {cells} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
