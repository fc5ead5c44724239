"""A snapshot of a million products to every device of a store, over an uplink of 20 Mbit/s, gateway alive or dead.

Each device is a client of its own with its own files, cache and server, many to a process; the uplink is a
shaper in user space between the store and the cloud, which counts what passes. `python -m
tests.bench.book_spread devices …` is one process of devices.
"""

import argparse
import gc
import hashlib
import json
import os
import resource
import shutil
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
from anyio.abc import SocketStream, TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream

from edge_agent.blobs import BlobCache
from edge_agent.http import application, blob_routes, serve
from edge_agent.swarm import Swarm
from firmware_specs.pricebook import snapshot
from firmware_specs.rules.chunk_tree import chunk_hashes
from tests.bench.catalogue import catalogue
from tests.bench.frame import Goal, MissingPartError, Row, say

DEVICES: Final = 500
PROCESSES: Final = 4
UPLINK_BITS: Final = 20_000_000
LONGEST_S: Final = 480


class Uplink:
    """A cloud that serves one blob, behind a line of so many bits a second."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._path = f"/blobs/{name}"
        self._free_s = 0.0
        self.sent_bytes = 0

    async def answer(self, stream: SocketStream) -> None:
        """Answer requests with ranges on one connection (RFC 9110, 14)."""
        async with stream:
            buffered = BufferedByteReceiveStream(stream)
            while True:
                try:
                    head = (await buffered.receive_until(b"\r\n\r\n", 65_536)).decode("latin-1")
                except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return
                path = head.split(" ", 2)[1]
                if path != self._path:
                    await stream.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                ranges = [line for line in head.lower().splitlines() if line.startswith("range: bytes=")]
                begin, end = 0, len(self._data) - 1
                if ranges:
                    first, _, last = ranges[0].removeprefix("range: bytes=").partition("-")
                    begin, end = int(first), int(last) if last else end
                await self._send(stream, begin, end, is_part=bool(ranges))

    async def _send(self, stream: SocketStream, begin: int, end: int, *, is_part: bool) -> None:
        status = "206 Partial Content" if is_part else "200 OK"
        told = f"Content-Range: bytes {begin}-{end}/{len(self._data)}\r\n" if is_part else ""
        await stream.send(f"HTTP/1.1 {status}\r\n{told}Content-Length: {end - begin + 1}\r\n\r\n".encode())
        for at in range(begin, end + 1, 16_384):
            piece = self._data[at : min(at + 16_384, end + 1)]
            # A line is busy for as long as the bits before take, whoever sent them.
            now = time.monotonic()
            self._free_s = max(now, self._free_s) + len(piece) * 8 / UPLINK_BITS
            await anyio.sleep(max(0.0, self._free_s - now))
            self.sent_bytes += len(piece)
            try:
                await stream.send(piece)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


@asynccontextmanager
async def served(uplink: Uplink) -> AsyncIterator[str]:
    """Serve until the block ends; yields the URL."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, uplink.answer)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        yield f"http://127.0.0.1:{port}"
        group.cancel_scope.cancel()


@dataclass(frozen=True, slots=True)
class Spread:
    """What it took: seconds until the last device had it, copies over the uplink, the devices' processor time."""

    took_s: float
    copies: float
    cpu_s: float


async def spread(folder: Path, data: bytes, devices: int, *, with_gateway: bool) -> Spread:
    """Let every device of a store fetch a blob."""
    name = hashlib.sha256(data).hexdigest()
    (folder / "blob.json").write_text(json.dumps({"name": name, "size": len(data), "chunks": chunk_hashes(data)}))
    uplink = Uplink(data, name)
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(served(uplink))
        parts = [(f"{number}", devices // PROCESSES) for number in range(PROCESSES)]
        if with_gateway:
            parts.append(("gateway", 1))
        children = [await _child(stack, folder, part, count) for part, count in parts]
        peers: dict[str, str] = {}
        for child in children:
            peers |= await _line(child)
        gateway = peers.pop("gateway-0", "http://127.0.0.1:1")
        plan = json.dumps({"peers": peers, "above": [gateway, cloud], "cloud": cloud})
        began_s = time.monotonic()
        for child in children:
            assert child.stdin is not None
            await child.stdin.send(plan.encode() + b"\n")
        cpu_s = 0.0
        with anyio.fail_after(LONGEST_S):
            for child in children:
                done = await _line(child)
                if done["failed"]:
                    raise RuntimeError(f"{len(done['failed'])} devices did not get it: {done['failed'][:3]}")
                cpu_s += done["cpu_s"]
        return Spread(time.monotonic() - began_s, uplink.sent_bytes / len(data), cpu_s)


async def _child(stack: AsyncExitStack, folder: Path, part: str, count: int) -> anyio.abc.Process:
    words = ["devices", "--part", part, "--count", str(count), "--folder", str(folder)]
    process = await anyio.open_process([sys.executable, "-m", "tests.bench.book_spread", *words], stderr=None)

    async def end() -> None:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        await process.aclose()

    stack.push_async_callback(end)
    return process


_lines: dict[int, BufferedByteReceiveStream] = {}


async def _line(process: anyio.abc.Process) -> dict[str, Any]:
    assert process.stdout is not None
    buffered = _lines.setdefault(process.pid, BufferedByteReceiveStream(process.stdout))
    found: dict[str, Any] = json.loads(await buffered.receive_until(b"\n", 1_000_000))
    return found


MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it


def _room(need_bytes: int) -> Path | None:
    """Return where the devices' files lie: in memory if there is room, since one disk is not five hundred disks."""
    is_wide = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > need_bytes * 1.2
    return MEMORY if is_wide else None


async def measure(products: int = 1_000_000, devices: int = DEVICES) -> list[Row]:
    """Measure both, and count what came over the uplink."""
    say("packing the snapshot")
    data = snapshot.pack(catalogue(products))
    copy_s = len(data) * 8 / UPLINK_BITS
    limit = (
        "one copy takes the line {:.1f} s; "
        f"{PROCESSES} processes of devices share {os.cpu_count()} cores and used {{:.0f}} s of them, "
        "{:.1f} ms for a megabyte sent, received, hashed and written; "
        f"the files lie {'in memory' if _room(len(data) * (devices + 1)) else 'on one disk'}; "
        "unpacking the table comes after, on each device's own core"
    )
    rows = []
    for how, with_gateway, bound in (("gateway alive", True, 15), ("gateway dead", False, 60)):
        say(f"{len(data) / 1e6:.1f} MB to {devices} devices, {how}")
        folder = Path(tempfile.mkdtemp(prefix="aisle-spread-", dir=_room(len(data) * (devices + 1))))
        try:
            found = await spread(folder, data, devices, with_gateway=with_gateway)
        except TimeoutError as exc:
            raise MissingPartError(f"{how}: not every device had it after {LONGEST_S} s on this machine") from exc
        finally:
            shutil.rmtree(folder)
        what = f"{products:,} products to {devices} devices, {how}"
        rows.append(
            Row(
                f"{what}: the last one has it",
                "s",
                found.took_s,
                "each from the cloud, by the line's rate",
                copy_s * devices,
                Goal("ours", bound, more_is_better=False),
                limit.format(copy_s, found.cpu_s, found.cpu_s * 1e9 / (len(data) * devices)),
            )
        )
        rows.append(
            Row(
                f"{what}: over the uplink",
                "copies",
                found.copies,
                "each from the cloud",
                devices,
                Goal("ours", 1.1, more_is_better=False),
            )
        )
    return rows


# ---- one process of devices


class Device:
    """One device: its cache, and the server for its neighbours."""

    def __init__(self, name: str, folder: Path, client: httpx.AsyncClient) -> None:
        self.name = name
        self.peers: dict[str, str] = {}
        self.above: list[str] = []
        self._folder = folder / name
        self.swarm = Swarm(name, client, lambda: self.peers, lambda: self.above)
        self.cache = BlobCache(self._folder, client, lambda: self.above, swarm=self.swarm)

    async def serve(self, *, task_status: TaskStatus[str]) -> None:
        """Serve what is here until cancelled; ready with the URL."""
        self._folder.mkdir(parents=True)
        await serve(
            application(blob_routes(self.cache, self.swarm, reads_through=False)),
            "127.0.0.1",
            0,
            address_file=self._folder / "url",
            on_fault=lambda fault, detail: None,
            on_close=lambda: None,
            task_status=task_status,
        )


async def be(part: str, count: int, folder: Path) -> None:
    """Be so many devices: print where they serve, read the plan, fetch, print what failed, serve on until ended."""
    blob = json.loads((folder / "blob.json").read_text())
    # A device has a client of its own; a pool looks at all its connections at every turn.
    context = ssl.create_default_context()
    async with AsyncExitStack() as stack:
        clients = [httpx.AsyncClient(verify=context, timeout=60) for _ in range(count)]
        for client in clients:
            await stack.enter_async_context(client)
        group = await stack.enter_async_context(anyio.create_task_group())
        devices = [Device(f"{part}-{number}", folder, client) for number, client in enumerate(clients)]
        urls = {device.name: await group.start(device.serve) for device in devices}
        print(json.dumps(urls), flush=True)
        plan = json.loads(await anyio.to_thread.run_sync(sys.stdin.readline))
        failed: list[str] = []
        # A collection looks at all devices of this process: one on its own has a hundredth of that to look at.
        gc.freeze()
        began_s = time.process_time()
        async with anyio.create_task_group() as fetching:
            for device in devices:
                device.peers = {} if part == "gateway" else plan["peers"]
                device.above = [plan["cloud"]] if part == "gateway" else plan["above"]
                fetching.start_soon(_fetch, device, blob, failed)
        print(json.dumps({"failed": failed, "cpu_s": time.process_time() - began_s}), flush=True)
        await anyio.sleep_forever()


async def _fetch(device: Device, blob: dict[str, object], failed: list[str]) -> None:
    from edge_agent.app import BlobUnavailableError

    ensure = partial(device.cache.ensure, str(blob["name"]), blob["size"], blob["chunks"])  # type: ignore[arg-type]
    for _ in range(5):
        try:
            await ensure()
        except BlobUnavailableError as exc:
            reason = f"{device.name}: {exc}"
        else:
            return
    failed.append(reason)


def main(words: Sequence[str] | None = None) -> None:
    """Be a process of devices, or measure alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("devices", "measure"))
    parser.add_argument("--part", default="0")
    parser.add_argument("--count", type=int, default=DEVICES)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--products", type=int, default=1_000_000)
    options = parser.parse_args(words)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.what == "devices":
        # The line that ends us comes from our parent; it has no loop of ours to wait for.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        anyio.run(be, options.part, options.count, options.folder)
        return
    from tests.bench.frame import Report, as_table

    rows = anyio.run(partial(measure, options.products, options.count))
    print(as_table("spread", "a snapshot to a whole store", Report(tuple(rows))))


if __name__ == "__main__":
    main()
