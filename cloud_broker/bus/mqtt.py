"""The bus over MQTT 5 through aiomqtt: reconnects for ever with jittered back-off, says once gone and once back.

The only file that imports aiomqtt. It serves devices and the cloud's moderate traffic; the ingest's hot
path has a reader of its own (`ingest.reader`), since aiomqtt acknowledges before anything is stored.
"""

import logging
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import anyio
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_broker.bus.port import BusRefusedError, BusUnavailableError, Message, OnLink, OnMessage, ignore_link
from firmware_specs.wire import MAX_MESSAGE_BYTES

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of the authority's certificate, and of our own certificate and key, in PEM."""

    ca: Path
    cert: Path
    key: Path

    def client_context(self) -> ssl.SSLContext:
        """Return a context that proves who we are and checks the broker's name."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(self.cert), str(self.key))
        context.sslsocket_class = _HandshakingSocket
        return context


class _HandshakingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho drops such a socket, and it would stay open until collected."""

    def do_handshake(self, block: bool = False) -> None:
        """See `ssl.SSLSocket.do_handshake`."""
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens."""

    host: str
    port: int
    tls: Tls | None = None

    @classmethod
    def parse(cls, text: str, tls: Tls | None = None) -> "Address":
        """Return the address in `host:port`; raises ValueError otherwise."""
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"broker address {text!r}: expected host:port, as in 127.0.0.1:8883")
        return cls(host, int(port), tls)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class MqttBus:
    """A `Bus` to one broker as one client id, with a persistent session.

    Args:
        address: the broker.
        client_id: this identity; Mosquitto replaces it by the certificate's common name.
        will: returns the last will for the connection about to be made (MQTT 5, 3.1.2.5).
        will_delay_s: how long the broker holds the will back, to hide roaming (3.1.3.2.2).
        session_expiry_s: how long the broker keeps our queue while we are away (3.1.2.11.2).
        receive_maximum: how many unacknowledged messages the broker may send us (3.1.2.11.3).
        keepalive_s: the broker misses us after one and a half times this.
        longest_backoff_s: the ceiling of the reconnect delay.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        *,
        will: Callable[[], Message] | None = None,
        will_delay_s: int = 5,
        session_expiry_s: int = 3600,
        receive_maximum: int = 100,
        keepalive_s: int = 10,
        longest_backoff_s: float = 5.0,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._will = will
        self._will_delay_s = will_delay_s
        self._session_expiry_s = session_expiry_s
        self._receive_maximum = receive_maximum
        self._keepalive_s = keepalive_s
        self._longest_backoff_s = longest_backoff_s
        self._live: aiomqtt.Client | None = None

    async def run(self, filters: Sequence[str], on_message: OnMessage, on_link: OnLink = ignore_link) -> None:
        """See `Bus.run`."""
        failures = 0
        said_gone = False
        while True:
            was_up = False
            try:
                async with self._client() as client:
                    for topic_filter in filters:
                        await client.subscribe(topic_filter, qos=1)
                    self._live = client
                    was_up, failures = True, 0
                    if said_gone:
                        logger.info("broker %s is back", self._address)
                        said_gone = False
                    await on_link(True)
                    async for received in client.messages:
                        await on_message(_message(received))
            except (aiomqtt.MqttError, BusUnavailableError, OSError) as exc:
                if not said_gone:
                    logger.warning("broker %s is away: %s", self._address, exc)
                    said_gone = True
            finally:
                self._live = None
            if was_up:
                await on_link(False)
            failures += 1
            # Full jitter, so that a store's devices do not come back as one herd.
            await anyio.sleep(random.uniform(0.05, min(self._longest_backoff_s, 0.2 * 2 ** min(failures, 10))))

    async def publish(self, message: Message) -> None:
        """See `Bus.publish`."""
        if len(message.payload) > MAX_MESSAGE_BYTES:
            raise BusRefusedError(f"{message.topic}: {len(message.payload)} bytes, at most {MAX_MESSAGE_BYTES}")
        client = self._live
        if client is None:
            raise BusUnavailableError(f"no link to broker {self._address}")
        try:
            await client.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.retain,
                properties=_publish_properties(message),
            )
        except (aiomqtt.MqttError, OSError) as exc:
            raise BusUnavailableError(f"broker {self._address}: {exc}") from exc

    def _client(self) -> aiomqtt.Client:
        connect = Properties(PacketTypes.CONNECT)
        connect.SessionExpiryInterval = self._session_expiry_s
        connect.ReceiveMaximum = self._receive_maximum
        connect.MaximumPacketSize = MAX_MESSAGE_BYTES + 4096
        will = None
        if self._will is not None:
            last = self._will()
            delay = Properties(PacketTypes.WILLMESSAGE)
            delay.WillDelayInterval = self._will_delay_s
            will = aiomqtt.Will(last.topic, last.payload, last.qos, last.retain, delay)
        return aiomqtt.Client(
            self._address.host,
            self._address.port,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            keepalive=self._keepalive_s,
            timeout=10,
            will=will,
            properties=connect,
            tls_context=self._address.tls.client_context() if self._address.tls else None,
            max_inflight_messages=self._receive_maximum,
            logger=_paho_logger,
        )


_paho_logger = logging.getLogger("aisle.paho")
_paho_logger.setLevel(logging.ERROR)


def _publish_properties(message: Message) -> Properties | None:
    properties = Properties(PacketTypes.PUBLISH)
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    return None if properties.isEmpty() else properties


def _message(received: aiomqtt.Message) -> Message:
    properties = received.properties
    payload = received.payload
    return Message(
        topic=received.topic.value,
        payload=bytes(payload) if isinstance(payload, bytes | bytearray) else str(payload or "").encode(),
        qos=received.qos,
        retain=bool(received.retain),
        expiry_s=getattr(properties, "MessageExpiryInterval", None),
        content_type=getattr(properties, "ContentType", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation=getattr(properties, "CorrelationData", None),
    )
