"""Desired documents of this device: the newest configuration is in force at once, kept, and reported."""

import logging
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_broker.bus.mqtt import Address
from edge_agent.downward import CONFIG, DELEGATION, Desired
from edge_agent.matters import Report
from edge_agent.memory import Memory
from firmware_specs.desired import Configuration
from firmware_specs.leases import Delegation
from firmware_specs.signing import SignatureError, verify
from firmware_specs.topics import check_name
from firmware_specs.wire import WireError

logger = logging.getLogger(__name__)


class Documents:
    """The desired documents of one device.

    Args:
        first: the configuration before any came.
        report: see `matters.Report`.
        on_configuration: called with the configuration before and the new one.
    """

    def __init__(
        self,
        memory: Memory,
        key: Ed25519PublicKey,
        first: Configuration,
        *,
        report: Report,
        on_configuration: Callable[[Configuration, Configuration], None],
    ) -> None:
        self._memory = memory
        self._key = key
        self._report = report
        self._on_configuration = on_configuration
        self._delegation: Delegation | None = None
        self._untold: list[tuple[int, bool, str]] = []
        self._news = anyio.Event()
        self._refused_version = -1
        self.configuration = first

    def open(self) -> None:
        """Put in force what was kept, its signature checked again."""
        kept = self._memory.desired(CONFIG)
        if kept is not None:
            try:
                self.configuration = verify(kept, Configuration, self._key)
                self._tell(self.configuration.version, True, "")
            except (WireError, SignatureError) as exc:
                logger.warning("the configuration that was kept is not valid: %s", exc)
        kept = self._memory.desired(DELEGATION)
        if kept is not None:
            try:
                self._delegation = verify(kept, Delegation, self._key)
            except (WireError, SignatureError) as exc:
                logger.warning("the delegation that was kept is not valid: %s", exc)

    def take(self, desired: Desired) -> None:
        """Take a verified document; one that is not newer is ignored."""
        document = desired.document
        if isinstance(document, Delegation):
            # It has no version: the one that lasts longest is the newest.
            if self._delegation is None or document.expires_ms > self._delegation.expires_ms:
                self._delegation = document
                self._memory.desire(DELEGATION, desired.envelope)
                logger.info("delegated to issue leases and releases in store %s", document.store)
            return
        before = self.configuration
        if document.version <= max(before.version, self._refused_version):
            return
        try:
            check_name(document.store)
            if document.local_broker:
                Address.parse(document.local_broker)
        except ValueError as exc:
            self._refused_version = document.version
            self._tell(document.version, False, str(exc))
            return
        self.configuration = document
        self._memory.desire(CONFIG, desired.envelope)
        self._tell(document.version, True, "")
        logger.info("configuration %d is in force", document.version)
        self._on_configuration(before, document)

    def _tell(self, version: int, applied: bool, detail: str) -> None:
        self._untold.append((version, applied, detail))
        self._news.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Report until cancelled."""
        task_status.started()
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self._memory.commit()
            while self._untold:
                version, applied, detail = self._untold.pop(0)
                await self._report(CONFIG, version, applied, detail)
