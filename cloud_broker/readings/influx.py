"""Readings to any InfluxDB v2 write endpoint (InfluxDB 2, VictoriaMetrics). The only file that imports influxdb-client.

It follows the embedded store by a cursor that moves only after the endpoint has answered, so an
endpoint that is away loses nothing and holds up nobody. Lines are built by us: the client's `Point`
costs eight times more, and its batching mode drops data on an error without an exception.
"""

import logging
import math
import os

import anyio
import anyio.to_thread
import urllib3.exceptions
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from cloud_broker.readings.embedded import EmbeddedReadings
from cloud_broker.readings.port import Reading, ReadingsError
from cloud_broker.settings import Influx

logger = logging.getLogger(__name__)

CURSOR = "influx"
LINES = 5000


def _tag(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


def line(reading: Reading) -> str:
    """Return a reading in line protocol, milliseconds: measurement `aisle`, tag `device`, the series as field."""
    return f"aisle,device={_tag(reading.device)} {_tag(reading.series)}={reading.value!r} {reading.at_ms}"


class InfluxSink:
    """Sends what the embedded store has and the endpoint has not."""

    def __init__(self, settings: Influx, store: EmbeddedReadings) -> None:
        token = os.environ.get(settings.token_env, "") if settings.token_env else ""
        self._client = InfluxDBClient(url=settings.url, token=token, org=settings.org, timeout=10_000, retries=False)
        self._write = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket = settings.bucket
        self._org = settings.org
        self._store = store

    def push(self) -> int:
        """Send the next lines and return how many; 0 when the endpoint has everything.

        Raises ReadingsError when the endpoint is away or refuses; nothing is skipped.
        """
        position = self._store.position(CURSOR)
        readings, behind = self._store.after(position, LINES)
        # Line protocol has no NaN or infinity.
        lines = [line(reading) for reading in readings if math.isfinite(reading.value)]
        if lines:
            try:
                self._write.write(
                    bucket=self._bucket,
                    org=self._org,
                    record="\n".join(lines),
                    # The client declares the parameter as a class of string constants.
                    write_precision=WritePrecision.MS,  # type: ignore[arg-type]
                )
            except (ApiException, urllib3.exceptions.HTTPError, OSError) as exc:
                raise ReadingsError(f"the readings endpoint did not take {len(lines)} lines: {exc}") from exc
        if readings:
            self._store.move(CURSOR, behind)
        return len(readings)

    async def run(self) -> None:
        """Follow the store until cancelled; say once that the endpoint left and once that it is back."""
        away = False
        delay_s = 1.0
        while True:
            try:
                count = await anyio.to_thread.run_sync(self.push)
            except ReadingsError as exc:
                if not away:
                    logger.warning("%s", exc)
                    away = True
                delay_s = min(60.0, delay_s * 2)
            else:
                if away:
                    logger.info("the readings endpoint is back")
                away, delay_s = False, 1.0
                if count == LINES:
                    continue
            await anyio.sleep(delay_s)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
