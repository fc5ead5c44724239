"""Real servers for tests: Mosquitto, PostgreSQL and VictoriaMetrics, each on a free loopback port, ended by its id.

A test that asks for one that is not installed skips with the reason; CI counts such a skip as a failure.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from cloud_broker.bus.acl import cloud_acl, local_acl
from cloud_broker.bus.mosquitto import BrokerFailedError, Mosquitto, free_port, program
from cloud_broker.bus.mqtt import Address, Tls
from cloud_broker.registry.authority import Keys, open_keys


def _end(process: subprocess.Popen[bytes], sign: int = signal.SIGTERM) -> None:
    process.send_signal(sign)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _wait_for(what: str, process: subprocess.Popen[bytes], ready: "object") -> None:
    assert callable(ready)
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"{what} ended with status {process.returncode}")
        if ready():
            return
        time.sleep(0.05)
    pytest.fail(f"{what} was not ready in 30 s")


@dataclass
class Broker:
    """A running Mosquitto; `kill` and `start` break and mend it."""

    mosquitto: Mosquitto
    keys: Keys | None
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    def address(self, client: str = "cloud-test") -> Address:
        """Return where it is, with the certificate of one client."""
        if self.keys is None:
            return Address("127.0.0.1", self.mosquitto.port)
        self.keys.ensure_process(client)
        folder = self.keys.folder
        tls = Tls(folder / "ca.crt", folder / f"{client}.crt", folder / f"{client}.key")
        return Address("127.0.0.1", self.mosquitto.port, tls)

    def start(self) -> None:
        """Start it and wait until it listens."""
        folder = self.mosquitto.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "acl").write_text(self.mosquitto.acl)
        (folder / "acl").chmod(0o600)
        (folder / "mosquitto.conf").write_text(self.mosquitto.configuration())
        self.log = folder / "log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program(), "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        _wait_for("mosquitto", self.process, self._listens)

    def _listens(self) -> bool:
        import socket

        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.mosquitto.port)) == 0

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            _end(self.process)


@contextmanager
def running_broker(folder: Path, *, plain: bool = False, local_gateway: str | None = None) -> Iterator[Broker]:
    """Run a broker of our own; with certificates unless `plain`."""
    try:
        program()
    except BrokerFailedError as exc:
        pytest.skip(f"missing: {exc}")
    keys = None if plain else open_keys(folder / "keys")
    tls = None
    acl = ""
    if keys is not None:
        keys.ensure_process("broker", server=True)
        tls = Tls(keys.folder / "ca.crt", keys.folder / "broker.crt", keys.folder / "broker.key")
        acl = local_acl(local_gateway) if local_gateway else cloud_acl(("cloud-test", "cloud-api", "cloud-ingest-1"))
    broker = Broker(Mosquitto(folder / "broker", free_port(), tls, acl), keys)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker with certificates and topic rights, as in a store."""
    with running_broker(tmp_path) as running:
        yield running


@pytest.fixture
def plain_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback without certificates."""
    with running_broker(tmp_path, plain=True) as running:
        yield running


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        pytest.skip("missing: PostgreSQL: apt-get install postgresql")
    return Path(on_path).parent


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own."""
    programs = _postgres_programs()
    folder = tmp_path_factory.mktemp("postgres")
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        account = pwd.getpwnam("postgres")
        for parent in (folder, *folder.parents):
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):  # noqa: S108 - pytest's own folder
                parent.chmod(0o755)
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "aisle", "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **user,  # type: ignore[call-overload]
    )
    port = free_port()
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **user,  # type: ignore[call-overload]
    )
    url = f"127.0.0.1:{port}/postgres"

    def ready() -> bool:
        try:
            psycopg.connect(f"postgresql://aisle@{url}").close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        _wait_for("postgres", process, ready)
        yield f"postgresql+psycopg://aisle@{url}"
    finally:
        _end(process, signal.SIGINT)


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a VictoriaMetrics server of our own."""
    program_path = shutil.which("victoria-metrics")
    if program_path is None:
        pytest.skip("missing: VictoriaMetrics: apt-get install victoria-metrics")
    folder = tmp_path_factory.mktemp("victoria")
    port = free_port()
    process = subprocess.Popen(
        [program_path, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        _wait_for("victoria-metrics", process, ready)
        yield url
    finally:
        _end(process)


__all__ = ["Broker", "broker", "plain_broker", "postgres", "running_broker", "victoria_metrics"]
