"""The whole demo as a fixture: one store for all browser tests, watched in the distribution's Chromium.

Tests that use it run last, next to each other, so that its twenty processes slow no other test down.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from cloud_broker.bus.mosquitto import BrokerFailedError, free_port, program
from cloud_broker.demo.process import command_path
from dashboards import folder as pages_folder

STORE = "demo"
OPEN = "The store is open"
OPENS_WITHIN_S = 120.0
CLOSES_WITHIN_S = 30.0
PATIENCE_MS = 30_000
"""How long a page may take to show what it should: a CI machine has two cores for twenty processes and a browser."""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": (390, 844), "kiosk": (1080, 1920), "desk": (1440, 900)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that use the demo at the end."""
    items.sort(key=lambda item: "demo" in getattr(item, "fixturenames", ()))


def need_parts() -> None:
    """Skip when something is not installed that the demo cannot do without."""
    try:
        program()
    except BrokerFailedError as exc:
        pytest.skip(f"missing: {exc}")
    if not (pages_folder() / "lib" / "preact.js").is_file():
        pytest.skip("missing: the pages' libraries; run npm ci in dashboards/ and python -m dashboards.libs")


def demo_command(folder: Path, *more: str) -> list[str]:
    """Return the command that runs a demo in a folder, its pages on a free port."""
    return [command_path("cloud-broker"), "demo", "--folder", str(folder), "--port", str(free_port()), *more]


def processes_of(folder: Path) -> dict[int, str]:
    """Return the processes, by id, whose command line speaks of a folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        # A process may end while we look.
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


def end(process: subprocess.Popen[Any], within_s: float = CLOSES_WITHIN_S) -> int:
    """Ask a process to end and wait; kill it when it does not, and say so."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
        pytest.fail(f"{process.args!r} did not end within {within_s:.0f} s of SIGTERM")


def eventually(what: str, holds: Callable[[], bool], *, within_s: float) -> None:
    """Wait until something holds."""
    started_s = time.monotonic()
    while time.monotonic() - started_s < within_s:
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"{what}: not within {within_s:.0f} s")


@dataclass
class Demo:
    """A running store: where its pages are, who may sign in, which processes it has."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def ports(self) -> dict[str, int]:
        """Port of each server."""
        ports: dict[str, int] = json.loads((self.folder / "ports.json").read_text())
        return ports

    @property
    def people(self) -> dict[str, str]:
        """Name of each person to their password."""
        people = json.loads((self.folder / "cloud" / "people.json").read_text())
        return {person["name"]: person["password"] for person in people}

    def url(self, name: str = "pages") -> str:
        """Return where the cloud's pages are, or a device's own."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @contextlib.contextmanager
    def person(self, name: str) -> Iterator[httpx.Client]:
        """Return a client of the cloud's API who is signed in."""
        with httpx.Client(base_url=self.url(), headers={"x-aisle": "1"}, timeout=20) as client:
            client.post("/api/session", json={"name": name, "password": self.people[name]}).raise_for_status()
            yield client

    def labelled(self, number: int) -> dict[str, Any]:
        """Return a product that hangs on a shelf, with its price as it is now."""
        with self.person("manager") as manager:
            label = manager.get(f"/api/stores/{STORE}/snapshot").raise_for_status().json()["labels"][number]
            found = manager.get(f"/api/stores/{STORE}/products", params={"q": label["gtin"]}).raise_for_status()
        product: dict[str, Any] = found.json()["items"][0]
        return {**product, "label": label["id"]}

    def charges(self, device: str, gtin: str) -> int:
        """Return what a cart or till would charge for a product now, in minor units, by its own word."""
        answer = httpx.get(f"{self.url(device)}/api/products", params={"q": gtin}, timeout=20).raise_for_status()
        price: int = answer.json()["items"][0]["price_minor"]
        return price

    def tell(self, device: str, path: str, **body: object) -> None:
        """Tell a device something, as its own page would."""
        url = f"{self.url(device)}{path}"
        httpx.post(url, json=body, headers={"x-aisle": "1"}, timeout=20).raise_for_status()

    def agent_pid(self, key: str) -> int:
        """Return the process id of a device, found by its settings."""
        config = str(self.folder / "devices" / key / "agent.toml")
        return next(pid for pid, line in processes_of(self.folder).items() if config in line)

    def claim(self, kind: str, name: str) -> str:
        """Return a new claim code, as the field tech's page would make it."""
        with self.person("tech") as tech:
            body = {"kind": kind, "name": name}
            made = tech.post(f"/api/stores/{STORE}/claims", json=body).raise_for_status()
        return str(made.json()["code"])

    def enrol(self, code: str) -> Path:
        """Redeem a claim code with the agent's own command; return the new device's folder."""
        folder = self.folder / "devices" / f"claimed-{code[:4]}"
        world = f"127.0.0.1:{self.ports['world']}"
        command = [command_path("edge-agent"), "enrol", "--cloud", self.url(), "--claim", code, "--folder", str(folder)]
        result = subprocess.run(
            [*command, "--virtual-world", world, "--http-port", "0"], capture_output=True, timeout=60, check=False
        )
        assert result.returncode == 0, result.stderr.decode()
        return folder

    @contextlib.contextmanager
    def running(self, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run the device of a folder as its own process."""
        with (folder / "log").open("ab") as log:
            command = [command_path("edge-agent"), "run", "--config", str(folder / "agent.toml")]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield process
        finally:
            end(process)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A store that is open; it closes after the last test, and leaves no process behind."""
    need_parts()
    folder = tmp_path_factory.mktemp("demo") / "store"
    out = folder.with_name("out")
    with out.open("wb") as said:
        process = subprocess.Popen(demo_command(folder), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    store = Demo(folder, process)

    def is_open() -> bool:
        text = out.read_text(errors="replace")
        assert process.poll() is None, text
        return OPEN in text

    try:
        eventually("the store is open", is_open, within_s=OPENS_WITHIN_S)
        yield store
    finally:
        status = end(process)
        left = processes_of(folder)
    assert (status, left) == (0, {}), out.read_text(errors="replace")


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """The distribution's browser, headless."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("missing: chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Visit:
    """One person's browser, and everything that went wrong in it."""

    page: Page
    context: BrowserContext
    url: str
    complaints: list[str]

    async def open(self, path: str) -> None:
        """Go to another address of the same server; a part after `#` alone loads nothing anew."""
        await self.page.goto(self.url + path)


def note_complaints(page: Page, complaints: list[str]) -> None:
    """Keep what a page says on its console, throws, or fails to load."""

    def on_failed(request: Request) -> None:
        # A page that is left takes its event stream and its open questions with it.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(f"{request.method} {request.url}: {request.failure}")

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", on_failed)
    page.on(
        "console",
        lambda said: (
            complaints.append(f"{said.text} ({said.location['url']})") if said.type in ("error", "warning") else None
        ),
    )


@contextlib.asynccontextmanager
async def visiting(
    browser: Browser, url: str, path: str = "/", *, language: str = "en", size: str = "desk"
) -> AsyncIterator[Visit]:
    """Open a page as somebody who is not signed in, in a language, at a size."""
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        reduced_motion="reduce",
        has_touch=size != "desk",
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    note_complaints(page, complaints)
    visit = Visit(page, context, url, complaints)
    try:
        await visit.open(path)
        yield visit
    finally:
        await context.close()


ROLE_TILES = {"manager": "Store manager", "tech": "Field tech", "hq": "Headquarters"}


async def sign_in(visit: Visit, role: str) -> None:
    """Tap the tile of a demo account, as a person does (English pages)."""
    await visit.page.get_by_role("button", name=ROLE_TILES[role]).click()
    await visit.page.get_by_role("button", name="Sign out").wait_for()
    # "Who am I?" was answered with "nobody", which the browser notes as an error.
    visit.complaints[:] = [said for said in visit.complaints if not ("401" in said and "/api/session" in said)]


def floor_point(transform: str, height_m: float, x_m: float, y_m: float) -> tuple[float, float]:
    """Return where in the map's frame, in px, a place of the store lies.

    Args:
        transform: of the drawing, as the map writes it: `translate(x y) scale(s)`.
        height_m: of the store; its y points up, the screen's down.
        x_m: of the place.
        y_m: of the place.
    """
    match = re.fullmatch(r"translate\((\S+) (\S+)\) scale\((\S+)\)", transform)
    assert match is not None, transform
    left, top, scale = (float(part) for part in match.groups())
    return left + x_m * scale, top + (height_m - y_m) * scale


__all__ = [
    "Demo",
    "Visit",
    "chromium",
    "demo",
    "end",
    "eventually",
    "floor_point",
    "need_parts",
    "processes_of",
    "sign_in",
    "visiting",
]
