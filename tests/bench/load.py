"""The load's parts: a bare Mosquitto for one measurement, and `mqload.c` compiled."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from cloud_broker.bus.mosquitto import BrokerFailedError, free_port, program
from tests.bench.frame import MissingPartError

SOURCE = Path(__file__).with_name("mqload.c")
CACHE = Path(".aisle/bench")

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence false
max_queued_messages 0
max_inflight_messages 0
max_packet_size 300000
log_dest file {log}
log_type subscribe
log_type error
connection_messages false
"""


def compiled() -> Path:
    """Return the load generator, compiled when its source has changed.

    Raises MissingPartError without a C compiler.
    """
    source = SOURCE.read_bytes()
    target = CACHE.absolute() / f"mqload-{hashlib.sha256(source).hexdigest()[:16]}"
    if target.exists():
        return target
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise MissingPartError("a C compiler: apt-get install gcc libc6-dev")
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(f".{os.getpid()}")
    subprocess.run([compiler, "-std=c11", "-O2", "-o", str(half), str(SOURCE)], check=True)
    half.rename(target)
    return target


@asynccontextmanager
async def running(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> AsyncIterator[Process]:
    """Yield a child process with pipes on stdin and stdout; stop it on the way out."""
    guard = shutil.which("setpriv")
    # Were the benchmark killed, its children should not stay behind and spoil the next one.
    prefix = [guard, "--pdeathsig", "TERM", "--"] if guard else []
    error = log.open("ab") if log is not None else None
    try:
        process = await anyio.open_process(
            [*prefix, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=error,
            env=None if environment is None else {**os.environ, **environment},
        )
    finally:
        if error is not None:
            error.close()
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                with anyio.move_on_after(5):
                    await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()


@dataclass(frozen=True, slots=True)
class Line:
    """What a child says on stdout, a line at a time."""

    stream: BufferedByteReceiveStream

    @classmethod
    def of(cls, process: Process) -> "Line":
        """Return the reader of a child's stdout."""
        assert process.stdout is not None
        return cls(BufferedByteReceiveStream(process.stdout))

    async def expect(self, text: str) -> None:
        """Wait for this very line; raises RuntimeError on another."""
        line = await self.stream.receive_until(b"\n", 65536)
        if line.decode() != text:
            raise RuntimeError(f"a child said {line!r}, expected {text!r}")

    async def json(self) -> dict[str, Any]:
        """Return the next line, which is a JSON object."""
        parsed: dict[str, Any] = json.loads(await self.stream.receive_until(b"\n", 65536))
        return parsed


@dataclass(frozen=True, slots=True)
class Broker:
    """A Mosquitto that runs for one measurement."""

    port: int
    log: Path

    async def subscribed(self, count: int) -> None:
        """Return when `count` subscriptions have been made."""
        while self.log.read_text("utf-8", "replace").count("/u/#") < count:
            await anyio.sleep(0.02)


@asynccontextmanager
async def bare_broker(folder: Path) -> AsyncIterator[Broker]:
    """Yield a Mosquitto on a free port of loopback: no rights, no certificates, unlimited queues, nothing on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mosquitto = program()
    except BrokerFailedError as exc:
        raise MissingPartError(str(exc)) from exc
    broker = Broker(free_port(), folder / "mosquitto.log")
    broker.log.touch()
    text = CONFIGURATION.format(port=broker.port, log=broker.log)
    if os.geteuid() == 0:
        # As root it would drop to a user that cannot write our log.
        text += "user root\n"
    (folder / "mosquitto.conf").write_text(text)
    async with running([mosquitto, "-c", str(folder / "mosquitto.conf")], log=folder / "stderr.log") as process:
        for _ in range(200):
            if process.returncode is not None:
                raise RuntimeError(f"mosquitto ended with status {process.returncode}; see {folder}")
            try:
                await (await anyio.connect_tcp("127.0.0.1", broker.port)).aclose()
            except OSError:
                await anyio.sleep(0.02)
            else:
                break
        yield broker
