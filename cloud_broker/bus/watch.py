"""A small synchronous tool on paho-mqtt itself: print what travels on the bus, for a person or a pipe."""

import base64
import json
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud_broker.bus.mqtt import Address, Tls
from cloud_broker.bus.port import BusUnavailableError


def shown(topic: str, payload: bytes, *, retain: bool) -> dict[str, Any]:
    """Return a message as a person would read it: JSON as such, a signed envelope opened, other bytes in hex."""
    line: dict[str, Any] = {"topic": topic, "retained": retain, "bytes": len(payload)}
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return {**line, "hex": payload[:200].hex()}
    if isinstance(body, dict) and isinstance(body.get("payload"), str) and "payloadType" in body:
        try:
            return {**line, "signed": body["payloadType"], "body": json.loads(base64.b64decode(body["payload"]))}
        except (ValueError, RecursionError):
            return {**line, "body": body}
    return {**line, "body": body}


def watch(address: str, tls: Tls | None, topic_filter: str, write: Callable[[str], object]) -> int:
    """Print messages until interrupted; returns the command's exit code.

    Raises BusUnavailableError when the broker cannot be reached.
    """
    where = Address.parse(address, tls)
    client = paho.Client(CallbackAPIVersion.VERSION2, "cloud-watch", protocol=MQTTProtocolVersion.MQTTv5)
    if tls is not None:
        client.tls_set_context(tls.client_context())

    def on_connect(*_: object) -> None:
        client.subscribe(topic_filter, qos=0)

    def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        line = shown(message.topic, bytes(message.payload), retain=message.retain)
        write(json.dumps(line, ensure_ascii=False) + "\n")

    client.on_connect = on_connect
    client.on_message = on_message
    try:
        client.connect(where.host, where.port)
    except OSError as exc:
        raise BusUnavailableError(f"broker {address}: {exc}") from exc
    try:
        client.loop_forever()
    except KeyboardInterrupt:
        client.disconnect()
    return 0
