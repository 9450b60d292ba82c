"""nginx ``auth_request`` (ngx_http_auth_request_module): 2xx lets a call through, 401 and 403 stop it.

It passes headers on and no body, so rules on the model, on samples or on ceilings never apply; and it knows no 429:
a call over its limits is answered 403 here, with the real status in ``stillwatch-status`` for ``error_page``.
"""

from __future__ import annotations

from stillwatch.gateway.adapters.exchange import Answered, Asked
from stillwatch.gateway.adapters.headers import question_of
from stillwatch.gateway.decision_service import DecisionService
from stillwatch.gateway.verdict import FORBIDDEN, UNKNOWN_KEY

STATUS, CODE, MESSAGE = "stillwatch-status", "stillwatch-code", "stillwatch-message"


async def respond(service: DecisionService, asked: Asked) -> Answered:
    """Answer the subrequest. What the caller is to be told is in headers, as nginx drops the body."""
    headers_of_call = {**asked.headers, "content-length": asked.headers.get("x-original-length", "")}
    path = asked.headers.get("x-original-uri", "")
    verdict = await service.decide(question_of(headers_of_call, path=path, account_header=asked.account_header))
    headers = verdict.headers()
    if verdict.caller is not None:
        headers.append(("stillwatch-account", ascii_only(verdict.caller.account)))
    if verdict.allow:
        return Answered(204, headers)
    status = UNKNOWN_KEY if verdict.status == UNKNOWN_KEY else FORBIDDEN
    headers += [(STATUS, str(verdict.status)), (CODE, verdict.code), (MESSAGE, ascii_only(verdict.message))]
    return Answered(status, headers)


def ascii_only(text: str) -> str:
    """Return text that a header can carry."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)
