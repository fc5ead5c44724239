"""Matters: the newest version of each that a store wants is fetched, kept, put to use by the role, and reported."""

import logging
import random
from collections.abc import Awaitable, Callable, Collection

import anyio
from anyio.abc import TaskStatus

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError
from edge_agent.blobs import BlobCache
from edge_agent.database import StorageError
from edge_agent.memory import Memory
from firmware_specs.desired import Manifest

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0

Report = Callable[[str, int, bool, str], Awaitable[None]]
"""Says that a version of a matter was applied or not, and why; waits while the outbox has no room."""


class Matters:
    """The matters that one device follows.

    Args:
        follows: their names.
        prepare: the role's `prepare`; raises MatterRefusedError, BlobUnavailableError.
        apply: the role's `on_matter`; raises MatterRefusedError.
        report: see `Report`.
        on_change: called when one was put to use.
    """

    def __init__(
        self,
        follows: Collection[str],
        memory: Memory,
        blobs: BlobCache,
        *,
        prepare: Callable[[Held], Awaitable[None]],
        apply: Callable[[Held], None],
        report: Report,
        on_change: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._blobs = blobs
        self._prepare = prepare
        self._apply = apply
        self._report = report
        self._on_change = on_change
        self._held: dict[str, Held] = {}
        self._wanted: dict[str, Manifest] = {}
        self._attached: dict[str, tuple[bytes, ...]] = {}
        self._news = {matter: anyio.Event() for matter in follows}

    def held(self, matter: str) -> Held | None:
        """Return what is held of a matter."""
        return self._held.get(matter)

    def hashes(self) -> frozenset[str]:
        """Return the hashes of the blobs that are held or wanted."""
        held = {one.manifest.sha256 for one in self._held.values()}
        return frozenset(held | {one.sha256 for one in self._wanted.values()})

    async def open(self) -> None:
        """Read what is held; what is damaged is left out, the cloud's retained head brings it again."""
        for matter, manifest in self._memory.manifests().items():
            blob = await self._blobs.cached(manifest.sha256)
            if matter not in self._news or blob is None:
                continue
            self._held[matter] = Held(manifest, blob)

    def begin(self) -> None:
        """Put to use what is held."""
        for matter, held in tuple(self._held.items()):
            try:
                self._apply(held)
            except MatterRefusedError as exc:
                # It was usable when it came: an update of the role may see it with other eyes.
                logger.warning("%s %d is no longer usable: %s", matter, held.manifest.version, exc)
                del self._held[matter]

    def want(self, manifest: Manifest, attached: tuple[bytes, ...] = ()) -> None:
        """Follow a head manifest; one that is not newer than what is held, wanted or refused is ignored.

        `attached`: blobs that came along, unverified; those that are asked for need not be fetched.
        """
        matter = manifest.matter
        held, wanted = self._held.get(matter), self._wanted.get(matter)
        newest = max(
            held.manifest.version if held else -1,
            wanted.version if wanted else -1,
            self._memory.refused_version(matter),
        )
        if matter in self._news and manifest.version > newest:
            self._wanted[matter] = manifest
            self._attached[matter] = attached
            self._news[matter].set()

    def hurry(self) -> None:
        """Try again now: a source may have come back."""
        for matter in self._wanted:
            self._news[matter].set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Report what is held, then fetch what is wanted until cancelled."""
        async with anyio.create_task_group() as group:
            for matter in self._news:
                group.start_soon(self._follow, matter, name=f"follow {matter}")
            task_status.started()

    async def _follow(self, matter: str) -> None:
        held = self._held.get(matter)
        if held is not None:
            await self._report(matter, held.manifest.version, True, "")
        retry_s, complained = FIRST_RETRY_S, False
        while True:
            manifest = self._wanted.get(matter)
            if manifest is None:
                await self._news[matter].wait()
                self._news[matter] = anyio.Event()
                continue
            try:
                await self._take(manifest)
            except (BlobUnavailableError, StorageError) as exc:
                if not complained:
                    logger.warning("%s %d cannot be had yet: %s", matter, manifest.version, exc)
                complained = True
                with anyio.move_on_after(retry_s * random.uniform(0.7, 1.3)):
                    await self._news[matter].wait()
                self._news[matter] = anyio.Event()
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            if complained:
                logger.info("%s %d is here", matter, manifest.version)
            retry_s, complained = FIRST_RETRY_S, False

    async def _take(self, manifest: Manifest) -> None:
        matter, before = manifest.matter, self._held.get(manifest.matter)
        try:
            if manifest.size > MAX_BYTES:
                raise MatterRefusedError(f"{manifest.size} bytes: at most {MAX_BYTES}")
            for data in self._attached.pop(matter, ()):
                await self._blobs.keep(data)
            held = Held(manifest, await self._blobs.fetch(manifest.sha256, manifest.size))
            await self._prepare(held)
            # On disk first: a role may tell the store that it holds this, and must then hold it after a power cut.
            await self._memory.hold(manifest)
            self._held[matter] = held
            try:
                self._apply(held)
            except MatterRefusedError:
                if before is None:
                    del self._held[matter]
                else:
                    self._held[matter] = before
                await self._memory.let_go(matter, before.manifest if before else None)
                raise
        except MatterRefusedError as exc:
            logger.warning("%s %d cannot be used: %s", matter, manifest.version, exc)
            self._memory.refuse(matter, manifest.version)
            self._done(manifest)
            await self._report(matter, manifest.version, False, str(exc))
            return
        self._done(manifest)
        logger.info("%s %d is in use", matter, manifest.version)
        await self._report(matter, manifest.version, True, "")

    def _done(self, manifest: Manifest) -> None:
        if self._wanted.get(manifest.matter) == manifest:
            del self._wanted[manifest.matter]
        self._on_change()
