"""The register's part of the walk: an entry with notice and answer, a screening, and an appeal that succeeds."""

from __future__ import annotations

import re

from walking import Walk

DRAFT = """
claims = [
  {rung = "volume", words = "about 2,900 completed calls at each of two hosts", said_by = "Host A", confidence = 90},
  {rung = "attribution", words = "operators affiliated with Quillfern", said_by = "Host A", confidence = 55},
]
[entity]
kind = "Company"
name = "Quillfern Model Works Ltd"
aliases = ["羽蕨模型工坊有限公司"]
city = "Port Sedge"
domains = ["quillfern.example"]
[criteria]
category = "model_extraction_attack"
authorised_use = {applies = false, words = "The terms forbid training on answers; no agreement was found."}
limbs = [{head = "terms", mark = "observed", words = "Section 4 of the terms."}]
purpose = [{head = "accounts", mark = "inferred", words = "About 100 accounts at each host share one template."}]
"""
ANSWER = "We buy access through a contractor and are asking it which accounts are ours.\n"
APPEAL = """The accounts are our contractor's. It evaluated both hosts' models for us under the enclosed agreements,
which permit automated use. Nothing was trained on the answers.
"""
CUSTOMERS = """customer,name,city,domains
B-1001,羽蕨模型工坊,,
B-1002,Quillfern Model Works,Port Sedge,quillfern.example
B-1003,Fern & Quill Stationery,Port Sedge,
"""


def register(way: Walk, a: str, b: str) -> tuple[str, list[str]]:
    """Draft, notify, publish and corroborate an entry; return its name, and what a stranger who verifies it is told."""
    way.tell("## 6. The register: evidence of both, notice, answer, publication")
    for who, campaign in (("host-a", a), ("host-b", b)):
        way.hand_over(who, "register", "bundle.zip")
        keys = way.read(who, ".stillwatch/evidence/log/keys/vkeys.json")["keys"]
        way.write("register", f"{who}-policy.txt", "".join(f"log {k['vkey']}\n" for k in keys) + "quorum none\n")
        assert campaign
    for name in ("author", "reviewer", "judge"):
        way.run("register", f"register actor {name} --actor {name}.key")
    way.write("register", "draft.toml", DRAFT)
    said = way.run("register", "register draft draft.toml --actor author.key --origin register.example")
    entry = re.findall(r"R-[0-9a-f]{12}", said)[0]
    for who, shows in (("host-a", "About 100 accounts, one template."), ("host-b", "The same template, at our side.")):
        label = who.replace("host-a", "Host A").replace("host-b", "Host B")
        way.run(
            "register",
            f'register evidence {entry} --actor author.key --provider "{label}" --shows "{shows}" '
            f"--bundle {who}-bundle.zip --policy {who}-policy.txt",
        )
    letter = way.run("register", f"register letter {entry} --reply-to answers@register.example", most=14)
    way.write("register", "letter.txt", letter)
    way.run("register", f'register notice {entry} --actor author.key --channel "registered letter" --letter letter.txt')
    way.tell("Before the party has answered or thirty days have passed, nobody can publish. Then the party answers.")
    reasons = '--reasons "Two bundles hold; the words claim no more than they show."'
    way.run("register", f"register publish {entry} --actor reviewer.key {reasons}", code=2)
    way.write("register", "answer.txt", ANSWER)
    way.run(
        "register",
        f'register answer {entry} --actor author.key --from "its director" --stance comments --file answer.txt',
    )
    way.tell("The author of the entry may not publish it, under whatever name; a reviewer may.")
    way.run("register", f"register publish {entry} --actor author.key {reasons}", code=2)
    way.run("register", f"register publish {entry} --actor reviewer.key {reasons}")
    both = '--reasons "Two hosts that nobody controls both saw it themselves."'
    way.run("register", f"register corroborate {entry} --actor reviewer.key {both}")
    return entry, [_site(way)]


def _site(way: Walk) -> str:
    way.run("register", 'register site site --title "Example register" --contact answers@register.example --fictional')
    keys = "".join(
        way.folder.joinpath("register", f"{n}.key.vkey").read_text() for n in ("author", "reviewer", "judge")
    )
    way.write("stranger", "actors.txt", keys)
    vkeys = way.read("register", ".stillwatch/register/log/keys/vkeys.json")["keys"]
    way.write("stranger", "policy.txt", "".join(f"log {k['vkey']}\n" for k in vkeys) + "quorum none\n")
    return way.run("stranger", "register verify ../register/site --policy policy.txt --actors actors.txt")


def screen(way: Walk) -> str:
    """Screen the second host's customers against the register."""
    way.tell("## 7. Host B screens its customers against the register")
    way.write("host-b", "customers.csv", CUSTOMERS)
    return way.run(
        "host-b", "register screen customers.csv --list ../register/site --policy ../stranger/policy.txt", most=20
    )


def appeal(way: Walk, entry: str, verified: list[str]) -> str:
    """Appeal with success; return how somebody who may not decide about it is refused."""
    way.tell("## 8. An appeal, which succeeds")
    way.write("register", "appeal.txt", APPEAL)
    way.run(
        "register",
        f'register appeal {entry} --actor author.key --from "its counsel" --ground authorised_use --file appeal.txt',
    )
    why = '--reasons "Both agreements were shown to us and hold; the use was authorised."'
    way.tell("Who let the entry be published does not decide about it; somebody else does.")
    refused = way.run("register", f"register decide {entry} withdrawn --actor reviewer.key {why}", code=2)
    way.run("register", f"register decide {entry} withdrawn --actor judge.key {why}")
    verified.append(_site(way))
    return refused
