"""Real proxies that speak HTTP/2 with callers and HTTP/1.1 with the gateway behind them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.gateway.real_gateway import free_port

from real_proxies import ENVOY, NGINX, running_envoy, running_nginx

FRONTS = [name for name, is_here in (("envoy", ENVOY.exists()), ("nginx", NGINX is not None)) if is_here]

# Connections to the gateway are few and kept, so that what one request leaves behind meets the next one.
NGINX_CONFIG = """
  upstream gateway {{ server 127.0.0.1:{gateway}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port} http2; ignore_invalid_headers off; underscores_in_headers on;
    location / {{
      proxy_pass http://gateway; proxy_http_version 1.1; proxy_set_header connection ""; proxy_buffering off;
      proxy_request_buffering off;
    }}
  }}
"""
ENVOY_CONFIG = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: http
          codec_type: HTTP2
          http2_protocol_options: {{max_concurrent_streams: 1000}}
          route_config:
            virtual_hosts:
            - name: gateway
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route: {{cluster: gateway, timeout: 0s}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: gateway
    connect_timeout: 5s
    circuit_breakers: {{thresholds: [{{max_connections: 4096, max_pending_requests: 4096, max_requests: 4096}}]}}
    load_assignment:
      cluster_name: gateway
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {gateway}}}}}}}
"""


@contextmanager
def front(name: str, folder: Path, *, gateway: int) -> Iterator[int]:
    """Run a proxy before the gateway; yield the port where it speaks HTTP/2 without TLS, by prior knowledge."""
    port = free_port()
    run, config = (running_envoy, ENVOY_CONFIG) if name == "envoy" else (running_nginx, NGINX_CONFIG)
    with run(config.format(port=port, gateway=gateway), folder, ready=lambda: _listens(port)):
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
