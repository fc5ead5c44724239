"""Readings: the embedded store, and what a real InfluxDB v2 write endpoint got from it."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_broker.bus.mosquitto import free_port
from cloud_broker.readings.embedded import EmbeddedReadings
from cloud_broker.readings.influx import CURSOR, InfluxSink, line
from cloud_broker.readings.port import Reading, ReadingsError
from cloud_broker.settings import Influx


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedReadings]:
    held = EmbeddedReadings(tmp_path / "readings.db")
    yield held
    held.close()


def readings(count: int, start_ms: int, device: str = "cart-1") -> list[Reading]:
    return [Reading(device, "rss_bytes", start_ms + 1000 * number, float(number)) for number in range(count)]


def exported(url: str, device: str) -> list[tuple[int, float]]:
    """Return what VictoriaMetrics has of a device, by its export API."""
    match = urllib.parse.urlencode({"match[]": f'aisle_rss_bytes{{device="{device}"}}'})
    with urllib.request.urlopen(f"{url}/internal/force_flush", timeout=10):
        pass
    points: list[tuple[int, float]] = []
    with urllib.request.urlopen(f"{url}/api/v1/export?{match}", timeout=10) as answer:
        for row in answer:
            series = json.loads(row)
            points += zip(series["timestamps"], series["values"], strict=True)
    return sorted(points)


def test_what_was_stored_is_read_back_in_order_and_survives_a_restart(tmp_path: Path) -> None:
    first = EmbeddedReadings(tmp_path / "r.db")
    first.append(readings(100, 1000))
    first.append([Reading("cart-2", "rss_bytes", 5, 7.5)])
    first.close()
    again = EmbeddedReadings(tmp_path / "r.db")
    assert again.read("cart-1", "rss_bytes", 1000, 4000) == [(1000, 0.0), (2000, 1.0), (3000, 2.0)]
    assert again.read("cart-2", "rss_bytes", 0, 10) == [(5, 7.5)]
    assert again.read("cart-3", "rss_bytes", 0, 10) == []
    again.close()


def test_tracks_die_before_other_readings(store: EmbeddedReadings) -> None:
    store.append(readings(10, 0))
    store.append([Reading("cart-1", "x_m", 1000 * number, 1.0) for number in range(10)])
    assert store.forget_before(5_000, ("x_m", "y_m")) == 5
    assert len(store.read("cart-1", "rss_bytes", 0, 10_000_000)) == 10
    assert len(store.read("cart-1", "x_m", 0, 10_000_000)) == 5
    assert store.forget_before(8_000) == 8 + 3


def test_a_follower_is_never_given_an_old_place_again(tmp_path: Path) -> None:
    store = EmbeddedReadings(tmp_path / "r.db")
    store.append(readings(10, 0))
    _, place = store.after(0, 100)
    store.forget_before(10_000_000)
    store.append(readings(1, 20_000_000))
    assert len(store.after(place, 100)[0]) == 1
    store.close()


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_a_line_is_one_line_whatever_the_names(device: str, series: str) -> None:
    text = line(Reading(device, series, 5, 1.5))
    assert text.endswith("=1.5 5")
    assert "\n" not in text.replace(device, "").replace(series, "")


def test_the_endpoint_gets_what_the_embedded_store_has(store: EmbeddedReadings, victoria_metrics: str) -> None:
    start_ms = time.time_ns() // 1_000_000 - 3_600_000
    store.append(readings(12_000, start_ms - 12_000_000, "cart-a"))
    sink = InfluxSink(Influx(url=victoria_metrics, org="aisle"), store)
    sent = 0
    while count := sink.push():
        sent += count
    sink.close()
    assert sent == 12_000
    assert exported(victoria_metrics, "cart-a") == store.read("cart-a", "rss_bytes", 0, 2**53)


def test_an_endpoint_that_was_away_loses_nothing(store: EmbeddedReadings, victoria_metrics: str) -> None:
    start_ms = time.time_ns() // 1_000_000 - 60_000
    store.append(readings(50, start_ms, "cart-b"))
    away = InfluxSink(Influx(url=f"http://127.0.0.1:{free_port()}", org="aisle"), store)
    for _ in range(3):
        with pytest.raises(ReadingsError, match="did not take 50 lines"):
            away.push()
    away.close()
    assert store.position(CURSOR) == 0
    store.append(readings(50, start_ms + 100, "cart-b"))
    back = InfluxSink(Influx(url=victoria_metrics, org="aisle"), store)
    assert back.push() == 100
    assert back.push() == 0
    back.close()
    assert exported(victoria_metrics, "cart-b") == store.read("cart-b", "rss_bytes", 0, 2**53)


def test_numbers_that_line_protocol_cannot_say_are_left_out_and_hold_up_nothing(
    store: EmbeddedReadings, victoria_metrics: str
) -> None:
    now_ms = time.time_ns() // 1_000_000 - 60_000
    store.append(
        [Reading("cart-c", "rss_bytes", now_ms, float("inf")), Reading("cart-c", "rss_bytes", now_ms + 1, 1.0)]
    )
    sink = InfluxSink(Influx(url=victoria_metrics, org="aisle"), store)
    assert sink.push() == 2
    sink.close()
    assert exported(victoria_metrics, "cart-c") == [(now_ms + 1, 1.0)]
