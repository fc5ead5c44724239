"""Where the demo keeps its things, and on which ports it listens; the same ports at every start of one folder."""

import json
import random
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from cloud_broker.demo.cast import CAST


class PlaceTakenError(Exception):
    """A port of this demo is in use; the text says what to do."""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As a server would: a port whose last connections are only winding down counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserved() -> int:
    # Below what Linux hands out to whoever asks for any port: one of our own devices took another's before it started.
    while True:
        port = random.randrange(20_000, 32_000)
        if _is_free(port):
            return port


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and ports of one demo."""

    folder: Path
    ports: dict[str, int]

    @property
    def cloud(self) -> Path:
        """The cloud's own folder."""
        return self.folder / "cloud"

    @property
    def site(self) -> Path:
        """The store's map, as the world and the cloud read it."""
        return self.folder / "world" / "site.json"

    @property
    def survey(self) -> Path:
        """What a technician heard in the store before it opened."""
        return self.folder / "world" / "survey.json"

    @property
    def products(self) -> Path:
        """What the store sells."""
        return self.folder / "world" / "products.json"

    def shelf(self, when: str) -> Path:
        """The folder of a photo of the bay, `before` or `after`, with its planogram and the fronts of its products."""
        return self.folder / "shelf" / when

    def agent(self, key: str) -> Path:
        """The folder of one device."""
        return self.folder / "devices" / key

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.folder / "logs" / f"{name}.log"

    def url(self, name: str) -> str:
        """The URL of one HTTP server."""
        return f"http://127.0.0.1:{self.ports[name]}"


def seed_of(folder: Path, wanted: int | None) -> int:
    """Return the seed of all that happens in a demo's store, drawn on its first start: its radio stays what it was.

    Raises PlaceTakenError when another one is wanted of a store that has one.
    """
    kept = folder / "seed.json"
    if not kept.exists():
        seed = random.randrange(2**31) if wanted is None else wanted
        kept.write_text(json.dumps(seed))
        return seed
    seed = int(json.loads(kept.read_text()))
    if wanted not in (None, seed):
        raise PlaceTakenError(
            f"the store in {folder} was made with seed {seed}, and surveyed in its radio: "
            "leave --seed out, or start with --fresh, or with another --folder"
        )
    return seed


def open_places(folder: Path, *, pages_port: int, fresh: bool) -> Places:
    """Return the places of a demo, chosen on its first start.

    Raises PlaceTakenError when a port of an earlier start is in use now.
    """
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "ports.json"
    if kept.exists():
        ports: dict[str, int] = json.loads(kept.read_text())
        taken = sorted(name for name, port in ports.items() if not _is_free(port))
        if taken:
            raise PlaceTakenError(
                f"port {ports[taken[0]]} ({taken[0]}) is in use: is this demo running already? "
                "Stop it, or start with --fresh, or with another --folder"
            )
        return Places(folder.absolute(), ports)
    ports = {"pages": pages_port if _is_free(pages_port) else _reserved()}
    for name in ("broker", "local-broker", "world", *(part.key for part in CAST)):
        port = _reserved()
        while port in ports.values():
            port = _reserved()
        ports[name] = port
    kept.write_text(json.dumps(ports))
    return Places(folder.absolute(), ports)
