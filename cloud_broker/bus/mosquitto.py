"""Mosquitto 2 as a child process of ours: own folder, loopback, persistence, certificates, topic rights.

`set_tcp_nodelay` (TLS 1.3 connects 15 times faster with it), `use_username_as_clientid` (else any valid
certificate may take any client id) and `autosave_interval 1` decide a fleet's fate; see DECISIONS.md.
"""

import logging
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import TaskStatus
from anyio.streams.text import TextReceiveStream

from cloud_broker.bus.mqtt import Tls
from cloud_broker.bus.port import BusError

logger = logging.getLogger(__name__)


_EXPECTED = (
    # We say `user root` on purpose where we are root, and devices share the read of a store's heads.
    "Warning: Mosquitto should not be run as root",
    "Warning: ACL pattern 'aisle/1/",
)


class BrokerFailedError(BusError):
    """The broker could not be started, or ended by itself; the text names the remedy."""


def free_port() -> int:
    """Return a TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program() -> str:
    """Return Mosquitto's path; raises BrokerFailedError where it is not installed."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise BrokerFailedError("mosquitto is not installed: apt-get install mosquitto")
    return found


def _bound_to_us() -> list[str]:
    # Were we killed, the broker would stay behind and hold the port.
    guard = shutil.which("setpriv")
    return [guard, "--pdeathsig", "TERM", "--"] if guard else []


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """A broker to be run.

    Args:
        folder: its configuration, rights and persistent store; made if absent.
        port: TCP port on `host`.
        tls: the authority and the broker's own certificate; None opens a plain, anonymous listener.
        acl: the text of its rights (`acl`); empty only for a plain listener.
        watch_denied: log what devices were refused; costs a log line a message, so not for load tests.
    """

    folder: Path
    port: int
    tls: Tls | None
    acl: str = ""
    watch_denied: bool = True
    host: str = "127.0.0.1"

    def configuration(self) -> str:
        """Return the text of mosquitto.conf."""
        lines = [
            f"listener {self.port} {self.host}",
            "set_tcp_nodelay true",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "max_queued_messages 100000",
            "max_inflight_messages 0",
            "max_packet_size 300000",
            "log_dest stderr",
            "log_timestamp false",
            "log_type error",
            "log_type warning",
            "connection_messages false",
        ]
        if os.geteuid() == 0:
            # Started as root it would drop to a user that cannot read our folder.
            lines.append("user root")
        if self.tls is None:
            lines.append("allow_anonymous true")
        else:
            lines += [
                "allow_anonymous false",
                "require_certificate true",
                "use_identity_as_username true",
                "use_username_as_clientid true",
                f"cafile {self.tls.ca}",
                f"certfile {self.tls.cert}",
                f"keyfile {self.tls.key}",
                f"acl_file {self.folder}/acl",
            ]
            if self.watch_denied:
                # Mosquitto 2.0 tells of refused publishes at debug level only.
                lines.append("log_type debug")
        return "\n".join(lines) + "\n"

    async def run(
        self,
        on_denied: Callable[[str], None] | None = None,
        *,
        on_start: Callable[[int], None] | None = None,
        task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run the broker until cancelled; ready (with its process id) once it accepts connections.

        Raises BrokerFailedError when it cannot start, or ends by itself; a group of errors never.
        """
        await self._check_place()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "acl").write_text(self.acl)
        os.chmod(self.folder / "acl", 0o600)
        (self.folder / "mosquitto.conf").write_text(self.configuration())
        process = await anyio.open_process(
            [*_bound_to_us(), program(), "-c", str(self.folder / "mosquitto.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            if on_start is not None:
                on_start(process.pid)
            async with anyio.create_task_group() as group:
                group.start_soon(self._read_log, process, on_denied, name="mosquitto log")
                failure = await self._until_it_listens(process)
                if failure is None:
                    task_status.started(process.pid)
                    failure = f"mosquitto on port {self.port} ended with status {await process.wait()}"
                if process.returncode is None:
                    group.cancel_scope.cancel()
            # Behind the group, so that it comes as itself and after the broker's last words.
            raise BrokerFailedError(failure)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                    await process.wait()
                if process.returncode is None:
                    process.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()

    async def _check_place(self) -> None:
        # Another server on our port would look as if the broker were up.
        try:
            listener = await anyio.create_tcp_listener(local_host=self.host, local_port=self.port)
        except OSError as exc:
            raise BrokerFailedError(f"mosquitto cannot listen on {self.host} port {self.port}: {exc}") from exc
        await listener.aclose()

    async def _until_it_listens(self, process: anyio.abc.Process) -> str | None:
        """Return None once connections are accepted, or why they never will be."""
        for _ in range(200):
            if process.returncode is not None:
                return f"mosquitto did not start on {self.host} port {self.port}: status {process.returncode}"
            try:
                stream = await anyio.connect_tcp(self.host, self.port)
            except OSError:
                await anyio.sleep(0.05)
                continue
            await stream.aclose()
            return None
        return f"mosquitto does not listen on {self.host} port {self.port} after 10 s"

    async def _read_log(self, process: anyio.abc.Process, on_denied: Callable[[str], None] | None) -> None:
        assert process.stderr is not None
        rest = ""
        async for text in TextReceiveStream(process.stderr, errors="replace"):
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                if line.startswith("Denied PUBLISH from "):
                    if on_denied is not None:
                        on_denied(line)
                elif line.startswith(("Error", "Warning")) and not line.startswith(_EXPECTED):
                    logger.warning("mosquitto: %s", line)
