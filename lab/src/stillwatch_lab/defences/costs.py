"""What a defence costs honest users, measured: right answers, words seen and paid for, time."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from stillwatch_lab.defences.defence import Defence
from stillwatch_lab.defences.host import Host
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.world.exam import draw_exam, mark_answers
from stillwatch_lab.world.transcripts import read_lessons
from stillwatch_lab.world.world import World


@dataclass(frozen=True)
class Costs:
    """Shares right of ``questions`` chains and as many sorts, answered once each as served; the rest is per answer."""

    questions: int
    chains_right: float
    sorts_right: float
    words_made: float
    words_shown: float
    logprob_entries: float
    cpu_seconds: float

    def beside(self, undefended: Costs) -> dict[str, float]:
        """Give the record: these numbers, DC (1 - served / undefended, after DistillGuard) and the slow-down."""
        return {
            **asdict(self),
            "defence_cost": 1 - self.chains_right / undefended.chains_right,
            "latency_multiplier": self.cpu_seconds / undefended.cpu_seconds,
        }


def measure_costs(teacher: Decoders, world: World, defence: Defence, *, questions: int = 400) -> Costs:
    """Ask as honest users do, the same questions whatever the defence; half chains, half sorts."""
    host = Host(teacher, world, defence)
    chains = draw_exam(world, questions, kind="chain")
    sorts = draw_exam(world, questions, kind="sort")
    started = time.process_time()
    answers = host.ask([*chains, *sorts], seed="honest users", scored=True)
    seconds = time.process_time() - started
    right = mark_answers(world, [*chains, *sorts], [lesson.answer for lesson in read_lessons(world, answers.rows.ids)])
    calls = host.bill["calls"]
    return Costs(
        questions,
        chains_right=sum(right[:questions]) / questions,
        sorts_right=sum(right[questions:]) / questions,
        words_made=host.bill["made_words"] / calls,
        words_shown=host.bill["shown_words"] / calls,
        logprob_entries=host.bill["logprob_entries"] / calls,
        cpu_seconds=seconds / calls,
    )
