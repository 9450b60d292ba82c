"""An OpenAI-compatible server around a small model: chat completions with log-probabilities, and scored prompts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch

from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.models.sampling import complete

Answer = tuple[int, dict[str, Any]]


class ServedModel:
    """Answers request bodies; ``bodies`` are those that came."""

    def __init__(self, it: LanguageModel) -> None:
        self.it = it
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        with self.lock:
            self.bodies.append((path, body))
            return 200, (self._chat(body) if path.endswith("/chat/completions") else self._scored(body))

    def _chat(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt = self.it.tokenizer("\n".join(m["content"] for m in body["messages"])).input_ids
        ((tokens, ended),) = complete(
            self.it,
            [tuple(prompt)],
            max_new_tokens=body["max_tokens"],
            temperature=body["temperature"],
            seed=body["seed"],
        )
        choice: dict[str, Any] = {
            "message": {"role": "assistant", "content": self.it.tokenizer.decode(tokens)},
            "finish_reason": "stop" if ended else "length",
        }
        if body.get("logprobs"):
            places = self._log_probs([*prompt, *tokens])[len(prompt) - 1 : -1]
            pairs = zip(tokens, places, strict=True)
            choice["logprobs"] = {"content": [self._place(*pair, body["top_logprobs"]) for pair in pairs]}
        usage = {"prompt_tokens": len(prompt), "completion_tokens": len(tokens) + ended}
        return {"choices": [choice], "usage": usage}

    def _place(self, token: int, log_probs: torch.Tensor, k: int) -> dict[str, Any]:
        top = log_probs.topk(k)
        named = [self._named(*one) for one in zip(top.indices.tolist(), top.values.tolist(), strict=True)]
        return {**self._named(token, log_probs[token].item()), "top_logprobs": named}

    def _named(self, token: int, log_prob: float) -> dict[str, Any]:
        text = self.it.tokenizer.decode([token])
        exact = list(text.encode()) if "\ufffd" not in text else None
        return {"token": text if exact else f"token_id:{token}", "bytes": exact, "logprob": log_prob}

    def _scored(self, body: dict[str, Any]) -> dict[str, Any]:
        tokens, k = body["prompt"], body["logprobs"]
        tops = [place.topk(k) for place in self._log_probs(tokens)[:-1]]
        named = [
            {f"token_id:{token}": value for token, value in zip(top.indices.tolist(), top.values.tolist(), strict=True)}
            for top in tops
        ]
        return {"choices": [{"text": "", "logprobs": {"top_logprobs": [None, *named]}}]}

    @torch.no_grad()
    def _log_probs(self, tokens: list[int]) -> torch.Tensor:
        result: torch.Tensor = self.it.model(torch.tensor([tokens])).logits[0].log_softmax(-1)
        return result


@contextmanager
def served(model: ServedModel) -> Iterator[str]:
    """Serve on the loopback interface until the block ends; gives the URL up to /v1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = model.answer(self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
