"""What devices say, in the past tense. Each event belongs to one stream; a batch carries many.

Wall-clock times are UTC milliseconds (`_ms`), money is integer minor units, lengths are metres in the
store's frame. A new field has a default, a field never changes its type or unit, a code never its
meaning; so messages outlive versions.
"""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from firmware_specs.surveyed import SurveyPoint

# In Python `$` lets a newline follow; elsewhere `(?!\n)` is always true.
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Gtin14 = Annotated[str, Meta(pattern=r"^[0-9]{14}$(?!\n)")]
TimeMs = Annotated[int, Meta(ge=0, le=32_503_680_000_000)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]
Version = Annotated[int, Meta(ge=0, le=2**53)]
Metres = Annotated[float, Meta(ge=-100_000, le=100_000)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(max_length=2000)]
Count = Annotated[int, Meta(ge=0, le=2**62)]


class Event(Struct, frozen=True, tag_field="type", kw_only=True):
    """The base of all events."""

    at_ms: TimeMs


class PositionFixed(Event, frozen=True, tag="position"):
    """A device computed where it is. `sigma_m` is one standard deviation per axis."""

    x_m: Metres
    y_m: Metres
    level: Id
    sigma_m: Annotated[float, Meta(ge=0, le=10_000)]
    beacons_heard: Annotated[int, Meta(ge=0, le=10_000)] = 0


class CodeRead(Event, frozen=True, tag="code"):
    """A camera or scanner read a code, and the device's own price book answered (or did not know it)."""

    trip: Id
    gtin: Gtin14
    symbology: Text
    price_minor: Minor | None = None
    book_version: Version = 0
    read_ms: Annotated[float, Meta(ge=0)] = 0.0


class CodeRefused(Event, frozen=True, tag="code-refused"):
    """A code was read that is not sold, and the shopper was told why; said once of a code in a trip.

    `reason` is one of `rules.selling.Reason`.
    """

    trip: Id
    text: Annotated[str, Meta(max_length=100)]
    """The code, or its beginning."""

    symbology: Id
    reason: Id
    detail: Text = ""


class LineAdded(Event, frozen=True, tag="line-added"):
    """A unit went into the basket at the price charged at that instant; of a weighed pack, all that it costs."""

    trip: Id
    gtin: Gtin14
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    price_minor: Minor
    book_version: Version
    provisional: bool = False
    weight_g: Annotated[int, Meta(ge=1, le=10**9)] | None = None


class LineRemoved(Event, frozen=True, tag="line-removed"):
    """A unit left the basket; `price_minor` is what it cost there."""

    trip: Id
    gtin: Gtin14
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    price_minor: Minor | None = None


class PromotionUse(Struct, frozen=True, kw_only=True):
    """What a basket took from a promotion; a ledger books each `op` once, however often it comes."""

    op: Annotated[str, Meta(min_length=1, max_length=200)]
    promotion: Id
    applications: Annotated[int, Meta(ge=1, le=10_000)]
    amount_minor: Minor
    coupon: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class BasketClosed(Event, frozen=True, tag="basket-closed"):
    """A trip ended with a total, after what promotions took off; `provisional` totals are settled by a till."""

    trip: Id
    total_minor: Minor
    lines: Annotated[int, Meta(ge=0, le=100_000)]
    provisional: bool
    saving_minor: Minor = 0
    uses: Annotated[list[PromotionUse], Meta(max_length=1_000)] = []
    unresolved: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Questions about what went in that nobody has answered, or that the shopper has answered against the scale."""


class ItemWeighed(Event, frozen=True, tag="item-weighed"):
    """A product went into a basket alone: what the scale gained is its weight, with all that it is wrapped in."""

    trip: Id
    gtin: Gtin14
    weight_g: Annotated[float, Meta(ge=0, le=1e6)]


class BasketQuestioned(Event, frozen=True, tag="basket-questioned"):
    """What went into a basket does not seem to be what was scanned.

    `verdict` is `please-check`, then `gtin` is what was scanned, or `please-scan`: nobody scanned it. `odds` are the
    log odds that it is what was scanned, `change_g` what the scale gained.
    """

    trip: Id
    question: Id
    verdict: Id
    gtin: Gtin14 | None = None
    odds: Annotated[float, Meta(ge=-100, le=100)] = 0.0
    change_g: Annotated[float, Meta(ge=-1e6, le=1e6)] | None = None


class BasketAnswered(Event, frozen=True, tag="basket-answered"):
    """How a question ended.

    `answer` is `removed` (from the list), `taken-out` (of the basket), `scanned`, `insisted` (the shopper says that all
    is right) or `left` (the trip ended without an answer).
    """

    trip: Id
    question: Id
    answer: Id


class BookHeld(Event, frozen=True, tag="book-held"):
    """A device verified a price book and holds it, with its effective time."""

    version: Version
    sha256: Sha256
    effective_ms: TimeMs


class PriceCharged(Event, frozen=True, tag="price-charged"):
    """From this instant a cart or till charges this price for this product; the proof that a change arrived."""

    gtin: Gtin14
    price_minor: Minor
    book_version: Version
    reason: Text


class LabelPrepared(Event, frozen=True, tag="label-prepared"):
    """A label has stored an image that it must show now or later; its glass has not changed."""

    label: Id
    gtin: Gtin14
    price_minor: Minor
    image_sha256: Sha256


class LabelArmed(Event, frozen=True, tag="label-armed"):
    """The gateway tells a label to show an image at an instant; 0 where it shows it already."""

    label: Id
    gtin: Gtin14
    price_minor: Minor
    book_version: Version
    image_sha256: Sha256
    shows_ms: TimeMs = 0


class LabelShown(Event, frozen=True, tag="label-shown"):
    """A label proved that it shows this image: Display State, refresh time elapsed, nothing pending, no error."""

    label: Id
    gtin: Gtin14
    price_minor: Minor
    book_version: Version
    image_sha256: Sha256


class LabelFailed(Event, frozen=True, tag="label-failed"):
    """A label cannot be trusted to show one price; it counts as showing every price it may.

    `cause` is `silent`, `bonded` (to another access point), `panel` (the picture is for another one), `battery`,
    `service` (it says that it needs some), `refused`, `late` (not drawn in time), `differs` (shows something else),
    `replaced` (by other hardware), `undrawable`, `radio` (the gateway has none) or `storage`; `reason`
    tells it in words.
    """

    label: Id
    gtin: Gtin14
    reason: Text
    cause: Id = "refused"


class PriceReleased(Event, frozen=True, tag="price-released"):
    """The gateway released an increase: every label of the product has proved it."""

    gtin: Gtin14
    price_minor: Minor
    book_version: Version
    expires_ms: TimeMs


class SoundPlayed(Event, frozen=True, tag="sound-played"):
    """A speaker played an item to its end or was cut; `sounded_sha256` is over the samples that went out."""

    item: Id
    asset_sha256: Sha256
    sounded_sha256: Sha256
    due_ms: TimeMs
    duration_s: Annotated[float, Meta(ge=0)]
    level_dbfs: Annotated[float, Meta(ge=-200, le=20)]
    complete: bool


class OfferDecided(Event, frozen=True, tag="offer-decided"):
    """A location-triggered offer was shown, withheld or suppressed, and why."""

    trip: Id
    offer: Id
    zone: Id
    outcome: Text
    reason: Text
    probability: Probability


class Reported(Event, frozen=True, tag="reported"):
    """A device applied a desired document or head manifest, or says why it did not."""

    matter: Id
    version: Version
    applied: bool
    detail: Text = ""


class CommandDone(Event, frozen=True, tag="command-done"):
    """A command ended; closes it by its id."""

    command: Id
    succeeded: bool
    detail: Text = ""


class HealthReported(Event, frozen=True, tag="health"):
    """A device's own account of itself, by its own monotonic clock where a duration is meant."""

    uptime_s: Annotated[float, Meta(ge=0)]
    outbox_depth: Count
    dropped: Count
    clock_offset_s: Annotated[float, Meta(ge=-1e12, le=1e12)]
    disk_free_bytes: Count
    rss_bytes: Count
    drivers: dict[str, str]


class FaultRaised(Event, frozen=True, tag="fault-raised"):
    """Something the device depends on left; said once."""

    fault: Id
    detail: Text


class FaultCleared(Event, frozen=True, tag="fault-cleared"):
    """It is back; said once."""

    fault: Id


class SurveyLegWalked(Event, frozen=True, tag="survey-leg"):
    """A technician walked straight from one tapped place to the next; what was heard on the way, gathered by place."""

    survey: Id
    leg: Annotated[int, Meta(ge=1, le=10_000)]
    level: Id
    from_x_m: Metres
    from_y_m: Metres
    to_x_m: Metres
    to_y_m: Metres
    duration_s: Annotated[float, Meta(ge=0, le=86_400)]
    points: Annotated[list[SurveyPoint], Meta(max_length=5_000)]


class SurveyLegDropped(Event, frozen=True, tag="survey-leg-dropped"):
    """The technician took back a leg: it was walked or tapped wrongly."""

    survey: Id
    leg: Annotated[int, Meta(ge=1, le=10_000)]


class BeaconSeen(Struct, frozen=True, kw_only=True):
    """One beacon as a device hears it; `ill` is empty, `dead`, `moved` or `gain`."""

    beacon: Id
    received: Count
    expected: Count | None = None
    rssi_dbm: Annotated[float, Meta(ge=-150, le=30)] | None = None
    age_s: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    battery_mv: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    ill: Annotated[str, Meta(pattern=r"^(dead|moved|gain)?$(?!\n)")] = ""


class BeaconsHeard(Event, frozen=True, tag="beacons-heard"):
    """How well a device hears its store's beacons, since it last said so."""

    beacons: Annotated[list[BeaconSeen], Meta(max_length=2_000)]


class Place(Struct, frozen=True, kw_only=True):
    """A place of a bay, shelves from the top, positions from the left, and the product that is seen there.

    Position 0 is beside all that is planned; `seen` is empty for nothing, and for what no product looks like.
    """

    shelf: Annotated[int, Meta(ge=1, le=100)]
    position: Annotated[int, Meta(ge=0, le=5_000)]
    seen: Gtin14 | None = None


class ProductFound(Struct, frozen=True, kw_only=True):
    """A product of a bay's plan that does not stand as planned: of `planned` facings those with nothing, or another."""

    gtin: Gtin14
    planned: Annotated[int, Meta(ge=0, le=5_000)]
    gaps: Annotated[list[Place], Meta(max_length=5_000)] = []
    wrong: Annotated[list[Place], Meta(max_length=5_000)] = []


class ShelfAudited(Event, frozen=True, tag="shelf-audited"):
    """A photo of a bay was compared with its planogram; the photo stays on the device.

    `products` are those that do not stand as planned, `extra` what stands where nothing is planned.
    """

    audit: Id
    bay: Id
    version: Version
    """Of the store's bays, by which it was judged."""

    by: Text
    facings: Annotated[int, Meta(ge=1, le=5_000)]
    right: Annotated[int, Meta(ge=0, le=5_000)]
    products: Annotated[list[ProductFound], Meta(max_length=5_000)] = []
    extra: Annotated[list[Place], Meta(max_length=5_000)] = []


class DateChecked(Event, frozen=True, tag="date-checked"):
    """Somebody looked for the oldest pack of a product: its last day of sale, None where no pack is left."""

    bay: Id
    gtin: Gtin14
    by: Text
    expires_on: date | None = None


class ItemTaught(Event, frozen=True, tag="item-taught"):
    """Somebody taught a product by a few pictures, which stay on the device: what a model makes of them is told.

    `direction` is a vector of length 1, float32, little-endian, in the space of the model whose weights hash to
    `model_sha256`; `spread` the mean of 1 less the cosine of the pictures to it.
    """

    gtin: Gtin14
    by: Text
    pictures: Annotated[int, Meta(ge=1, le=100)]
    model_sha256: Sha256
    direction: Annotated[bytes, Meta(min_length=4, max_length=65_536)]
    spread: Annotated[float, Meta(ge=0, le=2)]


class ItemForgotten(Event, frozen=True, tag="item-forgotten"):
    """Somebody took back what a product's pictures had taught."""

    gtin: Gtin14
    by: Text


class PeopleCounted(Event, frozen=True, tag="people-counted"):
    """How many came by a device that sees, ten or more together; nobody is recognised, no picture leaves it.

    `near` of them stood before it, None for fewer than ten; for `present_s` of `seconds` somebody was there.
    """

    people: Annotated[int, Meta(ge=10, le=1_000_000)]
    near: Annotated[int, Meta(ge=10, le=1_000_000)] | None = None
    present_s: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    seconds: Annotated[float, Meta(ge=0, le=1e6)] = 0.0


AnyEvent = (
    PositionFixed
    | SurveyLegWalked
    | SurveyLegDropped
    | BeaconsHeard
    | ShelfAudited
    | DateChecked
    | ItemTaught
    | ItemForgotten
    | PeopleCounted
    | CodeRead
    | CodeRefused
    | LineAdded
    | LineRemoved
    | BasketClosed
    | ItemWeighed
    | BasketQuestioned
    | BasketAnswered
    | BookHeld
    | PriceCharged
    | LabelPrepared
    | LabelArmed
    | LabelShown
    | LabelFailed
    | PriceReleased
    | SoundPlayed
    | OfferDecided
    | Reported
    | CommandDone
    | HealthReported
    | FaultRaised
    | FaultCleared
)

STREAM_OF: Final[dict[type[Event], str]] = {
    PositionFixed: "position",
    SurveyLegWalked: "state",
    SurveyLegDropped: "state",
    BeaconsHeard: "health",
    ShelfAudited: "state",
    DateChecked: "state",
    ItemTaught: "state",
    ItemForgotten: "state",
    PeopleCounted: "state",
    CodeRead: "basket",
    CodeRefused: "basket",
    LineAdded: "basket",
    LineRemoved: "basket",
    BasketClosed: "basket",
    ItemWeighed: "basket",
    BasketQuestioned: "basket",
    BasketAnswered: "basket",
    BookHeld: "price",
    PriceCharged: "price",
    LabelPrepared: "price",
    LabelArmed: "price",
    LabelShown: "price",
    LabelFailed: "price",
    PriceReleased: "price",
    SoundPlayed: "play",
    OfferDecided: "offer",
    Reported: "state",
    CommandDone: "state",
    HealthReported: "health",
    FaultRaised: "health",
    FaultCleared: "health",
}
"""Which stream carries which event."""
