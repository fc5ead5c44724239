"""The contract: every message round-trips, noise raises the declared error only, the published files are fresh."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs import topics
from firmware_specs.batch import Batch, Mark, Verdict, Watermark, accept
from firmware_specs.desired import Command, Manifest
from firmware_specs.events import STREAM_OF, AnyEvent, Event, PositionFixed
from firmware_specs.frames import altbeacon, ead, eddystone, esl, ibeacon, label_image, ots, pawr
from firmware_specs.frames.altbeacon import AltBeacon
from firmware_specs.frames.ibeacon import IBeacon
from firmware_specs.frames.layouts import FIELDS, Layout
from firmware_specs.gtin import GtinError, as_ean13, check_digit, normal, with_check_digit
from firmware_specs.kinds import kinds
from firmware_specs.presence import Presence, is_newer
from firmware_specs.publish import CHANNELS, asyncapi, files
from firmware_specs.signing import SignatureError, sign, verify
from firmware_specs.wire import WireError, decode, encode

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
AT_0M = st.integers(-100, 20)
SCHEMAS = Path(__file__).parents[1] / "firmware_specs" / "schemas"


def _example(of: type[Event]) -> Event:
    """Return an event made from its own schema: each required field gets the least value that it allows."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(of):
        if not field.required:
            continue
        text = str(field.type)
        if "[0-9]{14}" in text:
            values[field.encode_name] = "06901234567892"
        elif "{64}" in text:
            values[field.encode_name] = "ab" * 32
        elif "bytes" in text:
            values[field.encode_name] = "AAAAAA=="
        elif "list[" in text:
            values[field.encode_name] = []
        elif "dict" in text:
            values[field.encode_name] = {"camera": "ready"}
        elif "datetime.date" in text:
            values[field.encode_name] = "2026-12-01"
        elif "str" in text:
            values[field.encode_name] = "x1"
        elif "bool" in text:
            values[field.encode_name] = True
        elif "float" in text:
            values[field.encode_name] = 0.5
        else:
            values[field.encode_name] = 10 if "ge=10," in text else 1
    return msgspec.convert({"type": of.__struct_config__.tag, **values}, of)


EXAMPLES = [_example(of) for of in STREAM_OF]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_round_trips_in_a_batch(event: AnyEvent) -> None:
    batch = Batch(boot=3, first=9, head=7, events=[event])
    assert decode(encode(batch), Batch) == batch
    assert batch.last == 9


def test_every_event_has_a_stream_that_some_kind_declares() -> None:
    declared = {stream for kind in kinds().values() for stream in kind.streams}
    assert set(STREAM_OF.values()) <= declared


def test_keys_from_a_newer_version_are_ignored() -> None:
    data = b'{"stream":"price","boot":1,"seq":4,"colour":"red"}'
    assert decode(data, Watermark) == Watermark(stream="price", boot=1, seq=4)


@given(st.binary(max_size=300))
def test_noise_raises_the_declared_error_only(data: bytes) -> None:
    for of in {channel.message for channel in CHANNELS}:
        with suppress(WireError):
            decode(data, of)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_json_that_is_no_batch_raises_the_declared_error(value: object) -> None:
    with pytest.raises(WireError):
        decode(json.dumps({"boot": 1, "first": 1, "head": 1, "events": value}).encode(), Batch)


def test_an_oversized_message_is_refused_with_the_remedy() -> None:
    with pytest.raises(WireError, match="send a pointer"):
        decode(b" " * (256 * 1024 + 1), Watermark)


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(WireError):
        decode(b'{"id":"x","device":"d","name":"n","expires_ms":1,"arguments":' + b"[" * 100_000, Command)


# -- topics


@given(st.text(max_size=80))
def test_a_topic_is_understood_or_refused(text: str) -> None:
    try:
        found = topics.parse_upward(text)
    except ValueError:
        return
    assert topics.upward(found.device, found.stream) == text


@pytest.mark.parametrize("name", ["", "A", "a/b", "a+", "#", "-a", "a" * 64, "ä"])
def test_a_name_that_could_widen_a_topic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        topics.presence(name)


# -- signatures


def _command() -> Command:
    return Command(id="c-1", device="cart-1", name="locate", expires_ms=5)


def test_a_signed_message_comes_back_and_only_under_its_own_key_and_kind() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    data = sign(_command(), key)
    assert verify(data, Command, key.public_key()) == _command()
    with pytest.raises(SignatureError, match="not signed by key"):
        verify(data, Command, other.public_key())
    with pytest.raises(SignatureError, match="signed as"):
        verify(data, Manifest, key.public_key())


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_never_passes(place: int, change: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    data = bytearray(sign(_command(), key))
    data[place % len(data)] ^= change
    try:
        message = verify(bytes(data), Command, key.public_key())
    except (SignatureError, WireError):
        return
    # Only JSON's own freedom (a key's unused bits of base64, white space) may leave the meaning as it was.
    assert message == _command()


# -- the watermark's decision


@given(st.data())
def test_lost_doubled_late_and_shuffled_batches_are_stored_once_and_in_order(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 30))
    stored: list[int] = []
    mark = Mark()
    for _ in range(400):
        if mark.seq == total:
            break
        first = data.draw(st.integers(1, total)) if data.draw(st.booleans()) else mark.seq + 1
        count = data.draw(st.integers(1, total - first + 1))
        head = data.draw(st.integers(1, mark.seq + 1))
        decision = accept(mark, boot=1, first=first, count=count, head=min(head, first))
        if decision.verdict is Verdict.FRESH:
            stored += range(first + decision.skip, first + count)
        mark = decision.mark
        assert stored == list(range(1, mark.seq + 1))
    assert mark.seq == total


def test_what_the_device_dropped_by_policy_is_counted_and_not_waited_for() -> None:
    decision = accept(Mark(1, 10), boot=1, first=31, count=5, head=31)
    assert (decision.verdict, decision.mark, decision.lost) == (Verdict.FRESH, Mark(1, 35), 20)


def test_a_device_with_new_storage_starts_again_under_a_higher_boot() -> None:
    decision = accept(Mark(7, 500), boot=8, first=1, count=3, head=1)
    assert (decision.verdict, decision.skip, decision.mark) == (Verdict.FRESH, 0, Mark(8, 3))


def test_a_batch_that_overtakes_the_first_one_after_new_storage_waits() -> None:
    mark = Mark(1, 100)
    late = accept(mark, boot=2, first=11, count=10, head=1)
    assert (late.verdict, late.mark) == (Verdict.EARLY, mark)
    first = accept(mark, boot=2, first=1, count=10, head=1)
    assert (first.verdict, first.mark, first.lost, first.restarted) == (Verdict.FRESH, Mark(2, 10), 0, True)
    assert accept(first.mark, boot=2, first=11, count=10, head=1).mark == Mark(2, 20)


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [(rb'"a\u0000b"', False), (rb'"a\\\u0000"', False), (rb'"a\\u0000"', True), (rb'"plain"', True)],
)
def test_only_a_real_nul_is_refused(text: bytes, is_fine: bool) -> None:
    data = b'{"kind":' + text + b',"online":true,"boot":1,"session":1,"agent_version":' + text + b',"at_ms":1}'
    try:
        decode(data.replace(b'"kind":' + text, b'"kind":"cart"'), Presence)
    except WireError:
        assert not is_fine
    else:
        assert is_fine


def test_two_devices_with_one_identity_are_noticed() -> None:
    assert accept(Mark(8, 3), boot=7, first=501, count=1, head=501).verdict is Verdict.FORKED


def test_a_will_that_comes_after_the_next_birth_is_ignored() -> None:
    will = Presence(online=False, boot=4, session=9, kind="cart", agent_version="1", at_ms=1)
    assert not is_newer((4, 10), will)
    assert is_newer((4, 9), will)


# -- GTIN


@given(st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_a_code_with_its_check_digit_is_a_gtin_and_no_other_digit_is(body: str) -> None:
    code = with_check_digit(body)
    assert normal(code) == code.zfill(14)
    wrong = body + str((check_digit(body) + 1) % 10)
    with pytest.raises(GtinError, match="check digit"):
        normal(wrong)


@pytest.mark.parametrize("code", ["", "12345678901", "69012345678922a", "٦٩٠", " 6901234567892"])
def test_what_is_no_gtin_is_named(code: str) -> None:
    with pytest.raises(GtinError):
        normal(code)


def test_known_codes() -> None:
    # GS1 General Specifications, figure 7.9.1-1: 629104150021 has the check digit 3.
    assert with_check_digit("629104150021") == "6291041500213"
    assert as_ean13("06901234567892") == "6901234567892"


# -- what is published


def test_the_published_documents_are_fresh() -> None:
    assert {path.name: path.read_text("utf-8") for path in SCHEMAS.iterdir()} == files(), "run python -m firmware_specs"


FLASHES = st.builds(
    esl.Flash,
    U8,
    st.integers(0, 2**40 - 1),
    U8.map(lambda half: half * 2),
    U8.map(lambda half: half * 2),
    st.integers(0, 2**15 - 1),
    st.booleans(),
)
FRAMES: dict[type, st.SearchStrategy[Any]] = {
    IBeacon: st.builds(IBeacon, st.uuids(), U16, U16, st.integers(-128, 127)),
    AltBeacon: st.builds(AltBeacon, st.binary(min_size=20, max_size=20), st.integers(-127, 0), U8),
    eddystone.Uid: st.builds(
        eddystone.Uid, AT_0M, st.binary(min_size=10, max_size=10), st.binary(min_size=6, max_size=6)
    ),
    eddystone.Url: st.builds(eddystone.Url, AT_0M, st.sampled_from(["https://aisle.example/a", "http://www.a.com/"])),
    eddystone.Tlm: st.builds(
        eddystone.Tlm, U16, st.integers(-32767, 32767).map(lambda raw: raw / 256), U32, U32.map(lambda raw: raw / 10)
    ),
    eddystone.Eid: st.builds(eddystone.Eid, AT_0M, st.binary(min_size=8, max_size=8)),
    esl.Ping: st.builds(esl.Ping, U8),
    esl.ReadSensor: st.builds(esl.ReadSensor, U8, U8),
    esl.RefreshDisplay: st.builds(esl.RefreshDisplay, U8, U8),
    esl.DisplayImage: st.builds(esl.DisplayImage, U8, U8, U8),
    esl.DisplayTimedImage: st.builds(esl.DisplayTimedImage, U8, U32, U8, U8),
    esl.ErrorResponse: st.builds(esl.ErrorResponse, U8),
    esl.BasicState: st.builds(esl.BasicState, U16.map(esl.StateBits)),
    esl.DisplayState: st.builds(esl.DisplayState, U8, U8),
    esl.Control: st.builds(esl.Control, st.sampled_from(esl.ControlKind), U8),
    esl.Flash: FLASHES,
    esl.LedControl: st.builds(esl.LedControl, FLASHES, U8, U8),
    esl.LedTimedControl: st.builds(esl.LedTimedControl, FLASHES, U32, U8, U8),
    esl.LedState: st.builds(esl.LedState, U8),
    pawr.Packet: st.builds(
        pawr.Packet, st.integers(0, 127), st.just((bytes(esl.Ping(3)), bytes(esl.DisplayImage(1, 2))))
    ),
    ead.KeyMaterial: st.builds(ead.KeyMaterial, st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)),
    esl.EslAddress: st.builds(esl.EslAddress, st.integers(0, 254), st.integers(0, 127)),
    esl.DisplayInfo: st.builds(esl.DisplayInfo, st.integers(1, 65535), st.integers(1, 65535), U8),
    ots.GoTo: st.builds(ots.GoTo, st.integers(0, ots.MOST_OBJECT_ID)),
    ots.ListResponse: st.builds(ots.ListResponse, U8, U8),
    ots.Write: st.builds(ots.Write, U32, U32, st.booleans()),
    ots.Checksum: st.builds(ots.Checksum, U32, U32),
    ots.ActionResponse: st.builds(ots.ActionResponse, U8, U8, st.binary(min_size=4, max_size=4)),
    ots.ObjectSize: st.builds(ots.ObjectSize, U32, U32),
    label_image.LabelObject: st.just(label_image.LabelObject(6, 12, 3, bytes(range(12)))),
    esl.SensorValue: st.builds(esl.SensorValue, U8, st.binary(min_size=1, max_size=15)),
}


def test_every_frame_has_a_byte_table() -> None:
    frames = {
        each
        for module in (ibeacon, altbeacon, eddystone, esl, ead, pawr, ots, label_image)
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__.startswith(module.__name__) and hasattr(each, "from_bytes")
    }
    # An enumeration of Python has a `from_bytes` too.
    assert {layout.frame for layout in FIELDS} == {each for each in frames if not issubclass(each, int)} == set(FRAMES)


@pytest.mark.parametrize("layout", FIELDS, ids=lambda layout: layout.title)
@given(st.data())
def test_the_byte_tables_say_what_the_encoders_do(layout: Layout, data: st.DataObject) -> None:
    frame = data.draw(FRAMES[layout.frame])
    encoded = bytes(frame)
    offset = 0
    for field in layout.fields:
        part = encoded[offset:] if field.size is None else encoded[offset : offset + field.size]
        assert part
        offset += len(part)
        if field.fixed is not None:
            assert part == field.fixed
        elif (layout.frame, field.name) == (esl.SensorValue, "opcode"):
            assert part == bytes((len(frame.value) << 4 | 0x0E,))
        elif (layout.frame, field.name) == (eddystone.Url, "url"):
            assert eddystone.Url.from_bytes(encoded).url == frame.url
        elif (layout.frame, field.name) == (esl.Flash, "times"):
            assert int.from_bytes(part, "little") == frame.repeats << 1 | frame.in_seconds
        elif (layout.frame, field.name) == (ots.Write, "truncates"):
            assert part == (b"\x02" if frame.truncates else b"\0")
        elif (layout.frame, field.name) == (pawr.Packet, "commands"):
            assert part == b"".join(frame.commands)
        elif isinstance(value := getattr(frame, field.name), bytes):
            assert part == (value[::-1] if field.order == "little" else value)
        elif field.order is None:
            assert part == (value.bytes if isinstance(value, UUID) else bytes(value))
        else:
            number = int.from_bytes(part, field.order, signed=field.is_signed)
            assert number == round(value * field.per_unit)
    assert offset == len(encoded)


def test_the_introduction_leads_to_what_is_there() -> None:
    readme = SCHEMAS.parent / "README.md"
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme.read_text("utf-8"))
    assert "schemas/frames.md" in links
    assert [link for link in links if not (readme.parent / link).exists()] == []


@pytest.mark.parametrize("side", ["device", "cloud"])
def test_two_channels_of_one_message_say_each_what_they_carry(side: str) -> None:
    document = asyncapi(side)
    for channel in CHANNELS:
        (message,) = document["channels"][channel.name]["messages"]
        assert document["components"]["messages"][message]["summary"].startswith(channel.about)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_messages_fit_their_published_schema(event: AnyEvent) -> None:
    document = json.loads((SCHEMAS / "messages.schema.json").read_text("utf-8"))
    document["$ref"] = "#/components/schemas/Batch"
    batch = json.loads(encode(Batch(boot=1, first=1, head=1, events=[event])))
    jsonschema.Draft202012Validator(document).validate(batch)


@pytest.mark.parametrize("side", ["device", "cloud"])
def test_every_reference_in_the_asyncapi_documents_leads_somewhere(side: str) -> None:
    document = asyncapi(side)

    def walk(node: object) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                target: object = document
                for part in reference.removeprefix("#/").split("/"):
                    assert isinstance(target, dict)
                    target = target[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)


def test_the_channels_are_the_topics_that_the_code_builds() -> None:
    built = {
        "presence": topics.presence("device"),
        "events": topics.upward("device", "stream"),
        "watermark": topics.watermark("device"),
        "configuration": topics.desired("device", "config"),
        "delegation": topics.desired("device", "delegation"),
        "command": topics.command("device", "id"),
        "head": topics.head("store", "matter"),
        "confirmation": topics.local_from("store", "device", "confirm"),
        "lease": topics.local_to("store", "lease", "device"),
        "releases": topics.local_to("store", "releases"),
        "local-delegation": topics.local_to("store", "delegation"),
    }
    assert built == {channel.name: channel.address.replace("{", "").replace("}", "") for channel in CHANNELS}


def test_position_of_a_future_level_is_still_a_position() -> None:
    event = decode(
        b'{"boot":1,"first":1,"head":1,"events":[{"type":"position","at_ms":1,"x_m":1,"y_m":2,'
        b'"level":"g","sigma_m":0.5,"altitude_m":3}]}',
        Batch,
    ).events[0]
    assert event == PositionFixed(at_ms=1, x_m=1, y_m=2, level="g", sigma_m=0.5)
