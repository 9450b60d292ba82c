"""The proxies, each on core 0 in front of the same model servers on core 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.processes import Program, running
from benchmarks.gateway.shapes import ANSWER, KEY, MODEL
from benchmarks.machine import ROOT

PROXY_CORE, LOAD_CORE = 0, 1
LITELLM = ROOT / ".venv-litellm" / "bin" / "litellm"
MASTER_KEY = "sk-bench-0123456789abcdef0123456789abcdef"
"""LiteLLM refuses to start without a strong one."""

JSON_PORT, STREAM_PORT = 18701, 18702

NGINX = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 25000; }}
worker_rlimit_nofile 60000;
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {body}
}}
"""
NGINX_ANSWER = "server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{answer}'; }} }}"
NGINX_PROXY = """
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{
    proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }} }}
"""

ENVOY = """
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: "/" }}
                route: {{ cluster: model, timeout: 0s }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: model
    type: STATIC
    connect_timeout: 5s
    circuit_breakers: {{ thresholds: [{{ max_connections: 25000, max_pending_requests: 25000, max_requests: 25000 }}] }}
    load_assignment:
      cluster_name: model
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {upstream} }} }} }}
"""

LITELLM_CONFIG = """
model_list:
- model_name: {model}
  litellm_params: {{ model: openai/{model}, api_base: "http://127.0.0.1:{upstream}/v1", api_key: none }}
general_settings: {{ master_key: {key}, disable_spend_logs: true }}
"""


@dataclass(frozen=True)
class Fleet:
    """What runs: the proxies in front of the JSON server and those in front of the streaming one, by name."""

    whole: dict[str, Program]
    streaming: dict[str, Program]
    keys: dict[str, str]


@contextmanager
def fleet(folder: Path, *, names: list[str], stream_ms: float = 10.0) -> Iterator[Fleet]:
    """Run both model servers and every named proxy twice, once in front of each."""
    with ExitStack() as stack:
        answers = NGINX_ANSWER.format(port=JSON_PORT, answer=ANSWER)
        conf = _write(folder, "answers.conf", NGINX.format(folder=folder, name="answers", body=answers))
        stack.enter_context(running("answers", ["nginx", "-c", conf, "-p", folder], JSON_PORT, core=LOAD_CORE))
        streams = [sys.executable, "-m", "benchmarks.gateway.streams", str(STREAM_PORT), str(stream_ms)]
        stack.enter_context(running("streams", streams, STREAM_PORT, core=LOAD_CORE))
        whole, streaming = {}, {}
        for at, name in enumerate(names):
            whole[name] = stack.enter_context(proxy(name, folder, 18710 + at, JSON_PORT))
            streaming[name] = stack.enter_context(proxy(name, folder, 18730 + at, STREAM_PORT))
        yield Fleet(whole, streaming, {name: MASTER_KEY if name == "litellm" else KEY for name in names})


@contextmanager
def proxy(name: str, folder: Path, port: int, upstream: int, *more: str) -> Iterator[Program]:
    """Run one proxy on its port, in front of a model server. ``more`` is for ours alone (``ours.py``)."""
    label = f"{name}-{port}"
    if name == "nginx":
        body = NGINX_PROXY.format(port=port, upstream=upstream)
        conf = _write(folder, f"{label}.conf", NGINX.format(folder=folder, name=label, body=body))
        command: list[str | Path] = ["nginx", "-c", conf, "-p", folder]
    elif name == "envoy":
        conf = _write(folder, f"{label}.yaml", ENVOY.format(port=port, upstream=upstream))
        envoy = Path(sys.executable).with_name("envoy")
        command = [envoy, "-c", conf, "--concurrency", "1", "-l", "error", "--disable-hot-restart"]
    elif name == "litellm":
        told = LITELLM_CONFIG.format(model=MODEL, upstream=upstream, key=MASTER_KEY)
        conf = _write(folder, f"{label}.yaml", told)
        command = [LITELLM, "--config", conf, "--port", str(port), "--host", "127.0.0.1", "--num_workers", "1"]
    elif name == "relay":
        command = [sys.executable, "-m", "benchmarks.gateway.relay_only", str(port), str(upstream)]
    else:
        command = [
            sys.executable,
            "-m",
            "benchmarks.gateway.ours",
            str(port),
            str(upstream),
            str(folder / label),
            *more,
        ]
    quiet = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    with running(label, command, port, core=PROXY_CORE, extra=quiet) as program:
        yield program


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path
