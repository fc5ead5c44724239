"""The port of the bus: publish, and run until cancelled with a callback for what comes in.

A bus connects and reconnects for ever by itself; it says so through `on_link`. Delivery is at least
once while connected and nothing is promised across a broker's death: what must arrive rests on the
durable watermark (`firmware_specs.batch`), never on an acknowledgement of the broker.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class BusError(Exception):
    """The base of all that a bus raises."""


class BusUnavailableError(BusError):
    """The broker cannot be reached now; try again when the link is back."""


class BusRefusedError(BusError):
    """The message cannot be sent at all: it is too large."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message on the bus. `expiry_s` is MQTT 5 message expiry; `correlation` travels byte for byte."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None


OnMessage = Callable[[Message], Awaitable[None]]
OnLink = Callable[[bool], Awaitable[None]]


async def ignore_link(is_up: bool) -> None:
    """Do nothing when the link comes or goes."""


class Bus(Protocol):
    """A connection to a broker, as one identity."""

    async def run(self, filters: Sequence[str], on_message: OnMessage, on_link: OnLink = ignore_link) -> None:
        """Stay connected and subscribed until cancelled.

        `on_link(True)` follows each (re)subscription and may publish; `on_link(False)` each loss.
        Messages are handed over one at a time, in order of arrival.
        """

    async def publish(self, message: Message) -> None:
        """Hand one message to the broker; QoS 1 returns when the broker has acknowledged it.

        Raises BusUnavailableError when there is no link or it breaks meanwhile, BusRefusedError when the
        message is too large. A right that the sender lacks shows at the broker's keeper, not here.
        """
