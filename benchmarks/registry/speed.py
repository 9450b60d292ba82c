"""``python -m benchmarks.registry.speed``: how long screening one customer takes against 10,000 made-up entities."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time

import numpy as np

from stillwatch.registry.nouns import Entity, Kind
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.listing import Listed, Listing
from stillwatch.registry.screening.screen import Screener

SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeio"]
KINDS = ["Technology", "Trading", "Logistics", "Analytics", "Capital", "Systems", "Energy", "Research", "Software"]
FORMS = ["Ltd", "LLC", "GmbH", "S.A.", "Inc.", "Co., Ltd.", "AG", "Pte. Ltd."]
HAN = "华中海天金银山水木火土明光东西南北春秋云雨风雷龙凤鹏鹤松竹梅兰玉宝康泰安宁和顺兴盛通达远方正大成功新创智慧"
HAN_KINDS = ["科技", "贸易", "物流", "信息技术", "投资", "能源", "软件", "食品", "建设", "网络"]
CYRILLIC = [c + v for c in "бдгклмнпрств" for v in "аои"]
CHECKPOINT = "speed.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— speed.example AAAAAAA=\n"


def made_up(rng: random.Random) -> str:
    """Return a name: three in ten Chinese, two Cyrillic, one Korean, the rest Latin."""
    which = rng.random()
    if which < 0.3:
        return "".join(rng.choices(HAN, k=rng.choice([2, 2, 3, 4]))) + rng.choice(HAN_KINDS) + "有限公司"
    if which < 0.5:
        return "ООО " + "".join(rng.choices(CYRILLIC, k=4)).capitalize()  # noqa: RUF001 - Cyrillic on purpose
    if which < 0.6:
        return "".join(chr(0xAC00 + 28 * rng.randrange(399)) for _ in range(5)) + " 주식회사"
    words = [
        "".join(rng.choices(SYLLABLES, k=rng.choice([2, 3, 4]))).capitalize() for _ in range(rng.choice([1, 1, 2]))
    ]
    return " ".join([*words, rng.choice(KINDS), rng.choice(FORMS)])


def spoilt(name: str, rng: random.Random) -> str:
    """Return a name with a slip in it, half of the time."""
    at = rng.randrange(len(name))
    is_whole = any(c > "\u3000" for c in name)  # a Chinese or Korean character less is another name
    return name[:at] + name[at + 1 :] if rng.random() < 0.5 and len(name) > 6 and not is_whole else name


def measure(entities: int, customers: int) -> tuple[float, tuple[float, ...], int]:
    """Screen customers, half of them on the list, with slips.

    Returns seconds for the index, ms of processor time for one customer (50, 95, 99 in a hundred; all cold), and how
    many of the listed half were found.
    """
    rng = random.Random(1)
    parties = tuple(
        Listed(f"R-{n}", Entity(Kind.COMPANY, made_up(rng), aliases=(made_up(rng),)), "alleged", "none", 4)
        for n in range(entities)
    )
    began = time.process_time()
    screener = Screener(Listing(CHECKPOINT, parties))
    index = time.process_time() - began
    took, right = [], 0
    for n in range(customers):
        on_list = n % 2 == 0
        party = rng.choice(parties)
        name = spoilt(party.entity.name, rng) if on_list else made_up(rng)
        customer = Customer(str(n), name, kind=Kind.COMPANY)
        began = time.process_time()
        found = screener.screen(customer)
        took.append(1000 * (time.process_time() - began))
        right += on_list and any(hit.entry == party.entry for hit in found.hits)
    return index, tuple(float(ms) for ms in np.percentile(took, [50, 95, 99])), right


PERSON = """
import time
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.names import compare_names
compare_names("Acme Ltd", "Acme Limited", Kind.COMPANY)
began = time.process_time()
compare_names("Fenna Reedmarsh", "Fena Reedmarsh", Kind.PERSON)
print(time.process_time() - began)
"""


def first_person() -> float:
    """Return the processor seconds of the first two names of natural persons that a process compares."""
    done = subprocess.run([sys.executable, "-c", PERSON], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--customers", type=int, default=1_000)
    asked = parser.parse_args()
    index, (p50, p95, p99), right = measure(asked.entities, asked.customers)
    print(f"index of {asked.entities:,} entities with two names each: {index:.1f} s")
    print(f"one customer, all cold: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms of processor time")
    print(f"of {asked.customers // 2:,} that are on the list, many with a letter missing: {right:,} found")


if __name__ == "__main__":
    main()
