"""What is pushed down: head manifests that a store follows, desired documents and commands of one device.

All of them travel signed (`signing`). Big things travel by pointer: the manifest names a blob by its
SHA-256, the bytes come over HTTP from the nearest holder.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from firmware_specs.events import Gtin14, Id, Minor, Probability, Sha256, Text, TimeMs, Version
from firmware_specs.frames.said import ibeacon_key, key_of
from firmware_specs.gtin import is_variable_measure
from firmware_specs.surveyed import SurveyPoint


class Manifest(Struct, frozen=True, kw_only=True):
    """The head of one matter of one store: which blob is wanted, from when on.

    `matter` is one of `pricebook`, `promotions`, `codes`, `site`, `survey`, `offers`, `timetable`, `labels`,
    `roster`, `peers`, `bays`, `weights`, `items`, `models`.
    A device ignores a version that is not higher than the one it holds.
    """

    matter: Id
    store: Id
    version: Version
    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=2**40)]
    media_type: Text
    effective_ms: TimeMs
    made_ms: TimeMs


class Row(Struct, frozen=True, kw_only=True):
    """A product in a price book.

    `floor_minor` is the lowest price that a label of this product may still be showing when the book was
    made; until a release it caps what may be charged (the price law, `rules.price_law`).
    """

    gtin: Gtin14
    name: dict[str, str]
    price_minor: Minor
    floor_minor: Minor
    unit: Text = ""
    """What one buys, as it is written on the pack: `500 g`."""
    category: Text = ""
    member_minor: Minor = 0
    """The published price for members; 0 where there is none."""
    was_minor: Minor = 0
    """The earlier price that is shown struck out beside it, where the law allows one; 0 where there is none."""
    content_milli: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    """What is in one, in thousandths of `measure`: 500 for 500 g by the kilogram; 0 where unknown."""
    measure: Text = ""
    """What the unit price is for, as it is written: `kg`, `l`, `100 g`, `piece`.

    Of goods of variable measure `price_minor` is the price of one of it (`rules.selling`)."""
    promotions: tuple[Id, ...] = ()
    """The promotions that name this product."""

    @property
    def unit_price_minor(self) -> int | None:
        """The price of one `measure`, rounded half up; None where the content is not known."""
        if is_variable_measure(self.gtin):
            return self.price_minor if self.measure else None
        if not self.content_milli or not self.measure:
            return None
        return (2 * 1000 * self.price_minor + self.content_milli) // (2 * self.content_milli)


class Point(Struct, frozen=True):
    """A point in the store's frame."""

    x_m: float
    y_m: float


class Zone(Struct, frozen=True, kw_only=True):
    """A named polygon that offers and counts refer to."""

    id: Id
    level: Id
    name: dict[str, str]
    polygon: list[Point]


class Shelf(Struct, frozen=True, kw_only=True):
    """A shelf, axis-aligned: `x_m`, `y_m` is its lower left corner, the width lies along x, the depth along y."""

    id: Id
    level: Id
    x_m: float
    y_m: float
    width_m: float
    depth_m: float


class Beacon(Struct, frozen=True, kw_only=True):
    """A fixed beacon: an iBeacon by (uuid, major, minor), any other by its `identity`; never by a rotating address.

    An identity is 16 bytes of an Eddystone-UID or 20 of an AltBeacon, in hex, or a shelf label's own address.
    """

    id: Id
    level: Id
    frame: Literal["ibeacon", "eddystone", "altbeacon", "label"] = "ibeacon"
    uuid: Text = ""
    major: Annotated[int, Meta(ge=0, le=65535)] = 0
    minor: Annotated[int, Meta(ge=0, le=65535)] = 0
    identity: Annotated[str, Meta(max_length=64)] = ""
    x_m: float
    y_m: float
    z_m: float
    power_1m_dbm: Annotated[int, Meta(ge=-128, le=20)]

    @property
    def key(self) -> str:
        """How it is known on the air. Raises ValueError where it says nothing that a frame could."""
        if self.frame != "ibeacon":
            return key_of(self.frame, self.identity)
        try:
            return ibeacon_key(UUID(self.uuid), self.major, self.minor)
        except ValueError as exc:
            raise ValueError(f"{self.uuid[:60]!r} is no UUID") from exc


class Site(Struct, frozen=True, kw_only=True):
    """A store's geometry, metres, x right and y up."""

    store: Id
    version: Version
    name: dict[str, str]
    width_m: float
    height_m: float
    level: Id
    shelves: list[Shelf]
    zones: list[Zone]
    beacons: list[Beacon]


class SiteSurvey(Struct, frozen=True, kw_only=True):
    """What a store's beacons sound like at its places (matter `survey`), heard by a technician who walked there."""

    store: Id
    version: Version
    points: list[SurveyPoint]


class LabelPlace(Struct, frozen=True, kw_only=True):
    """Which label hangs where and belongs to which product. `address` is its Bluetooth address."""

    id: Id
    address: Text
    gtin: Gtin14
    x_m: float
    y_m: float
    template: Id = "standard"
    """By which it is drawn: one of the plan's templates, or one that comes with the gateway."""


class LabelTemplate(Struct, frozen=True, kw_only=True):
    """A store's own template; `body` is its JSON, as `edge-agent label templates --schema` describes it."""

    name: Id
    body: dict[str, Any]


class LabelPlan(Struct, frozen=True, kw_only=True):
    """Every label of a store; the gateway shows and proves exactly these."""

    store: Id
    version: Version
    labels: list[LabelPlace]
    templates: list[LabelTemplate] = []


class Offer(Struct, frozen=True, kw_only=True):
    """A location-triggered offer: text only, never a price of its own.

    `when` says what fires it: going into its zone, staying for `dwell_s`, or leaving after having stayed for so long.
    `probability` is what the zone must reach; below half of that the shopper counts as gone.
    """

    id: Id
    zone: Id
    when: Literal["enter", "dwell", "exit"] = "dwell"
    headline: dict[str, str]
    gtin: Gtin14 | None = None
    dwell_s: Annotated[float, Meta(ge=0, le=600)] = 1.0
    cooldown_s: Annotated[float, Meta(ge=0)] = 60.0
    per_trip: Annotated[int, Meta(ge=0)] = 1
    probability: Probability = 0.6
    holdout: Probability = 0.0


class Offers(Struct, frozen=True, kw_only=True):
    """All offers of a store; rules already on the cart fire them, with or without the cloud."""

    store: Id
    version: Version
    offers: list[Offer]


Audience = Literal["any", "somebody", "near"]


class Slot(Struct, frozen=True, kw_only=True):
    """One item of a timetable: play `asset_sha256` at `start_ms`, then every `every_s` until `until_ms`.

    `audience` says for whom: `any` plays always; `somebody` and `near` are silent while a device that can see knows
    that nobody is there, or nobody near. A device that cannot see plays.
    """

    id: Id
    asset_sha256: Sha256
    asset_bytes: Annotated[int, Meta(ge=0)]
    title: Text
    start_ms: TimeMs
    every_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    until_ms: TimeMs = 0
    devices: list[Id] = []
    audience: Audience = "any"
    gain_db: Annotated[float, Meta(ge=-60, le=0)] = 0.0


class Timetable(Struct, frozen=True, kw_only=True):
    """Everything that sounds in a store; an empty `devices` in a slot means every speaker."""

    store: Id
    version: Version
    slots: list[Slot]


class Member(Struct, frozen=True, kw_only=True):
    """A device of a store, as its gateway must know it."""

    id: Id
    kind: Id
    in_service: bool


class Configuration(Struct, frozen=True, kw_only=True):
    """Desired configuration of one device (shadow `config`): where the store's own services are."""

    device: Id
    version: Version
    store: Id
    gateway_url: Text = ""
    local_broker: Text = ""
    cloud_url: Text = ""
    volume_db: Annotated[float, Meta(ge=-60, le=0)] = -6.0
    name: Text = ""
    in_service: bool = True
    """A till or cart that is out of service sells nothing."""


class Roster(Struct, frozen=True, kw_only=True):
    """Who belongs to a store (matter `roster`): whom the gateway waits for before a decrease is armed."""

    store: Id
    version: Version
    members: list[Member]


class Peer(Struct, frozen=True, kw_only=True):
    """A device that shares blobs, and where."""

    device: Id
    url: Text


class Peers(Struct, frozen=True, kw_only=True):
    """Who shares blobs in a store (matter `peers`)."""

    store: Id
    version: Version
    peers: list[Peer]


class Command(Struct, frozen=True, kw_only=True):
    """Something that must happen once, before it expires. `name` stands in the kind's `commands`."""

    id: Id
    device: Id
    name: Id
    expires_ms: TimeMs
    arguments: dict[str, Any] = {}
