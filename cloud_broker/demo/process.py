"""A child process that the demo started: its log in a file, its first JSON line as readiness, ended by its id."""

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import Process


class ChildFailedError(Exception):
    """A child process ended before it was ready; the text has its last words."""


def command_path(name: str) -> str:
    """Return the path of one of our own commands, beside this interpreter first."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


READY = '{"ready": true'
"""What our own servers say once they can be used."""


@dataclass
class Child:
    """One process, started again when asked. It is ready when its log has a line with `ready` in it."""

    name: str
    arguments: list[str]
    log: Path
    ready: str = READY
    ready_s: float = 60.0
    process: Process | None = field(default=None, init=False)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it is ready.

        Raises ChildFailedError when it ends, or is not ready in time.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        guard = shutil.which("setpriv")
        # Were the demo killed, its children should not stay behind.
        prefix = [guard, "--pdeathsig", "TERM", "--"] if guard else []
        with self.log.open("ab") as log:
            before = log.tell()
            self.process = await anyio.open_process(
                prefix + self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        with anyio.move_on_after(self.ready_s):
            while self.is_running:
                if self.ready in self._said_since(before):
                    return
                await anyio.sleep(0.05)
            tail = "\n".join(self._said_since(before).splitlines()[-8:])
            raise ChildFailedError(f"{self.name} ended with status {self.process.returncode}:\n{tail}")
        await self.stop()
        raise ChildFailedError(f"{self.name} was not ready after {self.ready_s:.0f} s: see {self.log}")

    def _said_since(self, place: int) -> str:
        with self.log.open("rb") as log:
            log.seek(place)
            return log.read().decode(errors="replace")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end; after five seconds end it."""
        process = self.process
        if process is None:
            return
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                with anyio.move_on_after(5):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            await process.aclose()
