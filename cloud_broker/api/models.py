"""What goes in and comes out of the API. Money is integer minor units, times are UTC milliseconds."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from firmware_specs.desired import Audience

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["cart-1"])]
Gtin = Annotated[str, Field(pattern=r"^[0-9]{14}$", examples=["06901234567892"])]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
TimeMs = Annotated[int, Field(ge=0, le=32_503_680_000_000, examples=[1_795_410_000_000])]
Names = Annotated[dict[str, str], Field(examples=[{"en": "Fresh milk", "zh": "鲜牛奶"}])]


class In(BaseModel):
    """What people send: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Out(BaseModel):
    """What we answer."""

    model_config = ConfigDict(extra="allow")


class SignIn(In):
    """A name and password."""

    name: str = Field(max_length=63, examples=["manager"])
    password: str = Field(max_length=200, examples=["correct horse"])


class Person(Out):
    """Who is signed in."""

    name: str
    role: str
    stores: list[str]


class Hello(Out):
    """What answers here; `accounts` and `pages` are filled in the demo only."""

    product: str
    version: str
    demo: bool
    accounts: list[dict[str, str]]
    pages: list[dict[str, str]]
    languages: list[str]
    now_ms: int


class Store(Out):
    """A store."""

    id: str
    name: Names


class Fault(Out):
    """Something a device misses."""

    fault: str
    detail: str
    since_ms: int


class Device(Out):
    """A device as the registry knows it."""

    id: str
    kind: str
    kind_name: Names
    name: str
    store: str
    online: bool
    since_ms: int
    last_seen_ms: int
    in_service: bool
    health: dict[str, Any] | None
    faults: list[Fault]
    book_version: int | None
    agent_version: str
    score: Annotated[int, Field(ge=0, le=100)]
    enrolled_ms: int
    events: int


class Label(Out):
    """A shelf label: `price_minor` is what it proved, `target_minor` what it should show."""

    id: str
    address: str
    gtin: str
    name: Names
    x_m: float
    y_m: float
    state: str
    price_minor: int | None
    target_minor: int | None
    book_version: int | None
    image_sha256: str | None
    since_ms: int
    reason: str
    cause: str
    panel: str
    template: str


class InStore(In):
    """Which store is meant."""

    store: Id


class Pairing(In):
    """A product and a label as they were scanned: a GTIN; a label's name or Bluetooth address."""

    store: Id
    product: str = Field(min_length=1, max_length=40, examples=["6901234567892"])
    label: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])


class Hanging(In):
    """A new label: its address and its product as they were scanned, its panel, and beside which one it hangs."""

    store: Id
    address: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])
    product: str = Field(min_length=1, max_length=40, examples=["6901234567892"])
    panel: str = Field(default="296x128 bw", max_length=40)
    beside: Id | None = None


class Replacement(In):
    """Other hardware in a label's place: its address as it was scanned."""

    store: Id
    address: str = Field(min_length=1, max_length=63, examples=["F0:00:00:00:00:03"])


class Paired(Out):
    """A label after it was paired, and the GTIN that it belonged to before."""

    label: Label
    before: str


class TaskView(Out):
    """What somebody must do.

    `kind` is `label`, `stock`, `place` or `date`; `about` is the label's name, or `bay:gtin`; `owner` the role whose it
    is, `escalated_to` whose besides: `manager`, `hq` or empty. `facts` is what pages make a sentence of.
    """

    id: int
    store: str
    kind: str
    about: str
    bay: str
    gtin: str
    cause: str
    detail: str
    facts: dict[str, Any]
    opened_ms: int
    due_ms: int
    owner: str
    escalated_to: str
    taken_by: str
    closed_ms: int | None
    proof: str


class TaskTaken(In):
    """Whether one sees to a task, or gives it back."""

    taken: bool = True


class TaskDropped(In):
    """Why a task needs nobody."""

    reason: str = Field(min_length=3, max_length=200)


class AuditView(Out):
    """What a photo of a bay showed, in numbers of facings."""

    id: str
    bay: str
    by: str
    at_ms: int
    facings: int
    right: int
    gaps: int
    wrong: int


class BasketQuestion(Out):
    """What a cart asked its shopper; `answer` is None while it is open, else as `BasketAnswered` has it."""

    id: str
    device: str
    trip: str
    verdict: str
    gtin: str | None
    name: Names
    odds: float
    change_g: float | None
    at_ms: int
    answer: str | None
    answered_ms: int | None


class BayView(Out):
    """A bay that has a planogram, with its last audits, the newest first."""

    id: str
    name: Names
    facings: int
    shelves: int
    products: int
    by: str
    made_ms: int
    audits: list[AuditView]


class PassView(Out):
    """A pass for a store's gateway, and where its page is; empty where the store has none."""

    staff_pass: str
    expires_ms: int
    url: str


class TemplateBody(In):
    """A template of labels, as its JSON Schema (`edge-agent label templates --schema`) describes it."""

    template: dict[str, Any]


class TemplateTry(TemplateBody):
    """A template, tried on one product; without one on the first that hangs on a label."""

    gtin: Gtin | None = None


class TemplateUse(In):
    """Which labels shall use it; null for all that have its panel."""

    labels: list[Id] | None = Field(default=None, max_length=100_000)


class TemplateView(Out):
    """A template of a store, with how many labels use it; `by` is empty for one that comes along."""

    name: str
    title: Names
    panel: str
    by: str
    made_ms: int
    labels: int
    fitting: int
    template: dict[str, Any]


class TemplateTried(Out):
    """What came of trying a template on a product: its picture as a PNG in base64, or the problem."""

    gtin: str
    name: Names
    png: str | None
    problem: str
    took_us: int


class TemplateCheck(Out):
    """A template tried on every product that hangs on a label with its panel."""

    products: int
    problems: list[dict[str, Any]]
    more: int


class TemplateUsed(Out):
    """The labels that are drawn anew."""

    labels: list[str]


class ChangeDevice(Out):
    """When a device held the new book, and charged the new price."""

    device: str
    kind: str
    held_ms: int | None
    charged_ms: int | None


class ChangeLabel(Out):
    """When a label had the new picture ready, was armed with it, and proved it."""

    label: str
    prepared_ms: int | None
    armed_ms: int | None
    shown_ms: int | None


class Change(Out):
    """A price change and who confirmed it; `state` is planned, undone, published, confirmed or superseded."""

    id: int
    gtin: str
    name: Names
    from_minor: int
    to_minor: int
    direction: str
    book_version: int
    effective_ms: int
    made_ms: int
    by: str
    reason: str
    group: str
    state: str
    devices: list[ChangeDevice]
    labels: list[ChangeLabel]
    released_ms: int | None
    confirmed_ms: int | None


Minor = Annotated[int, Field(ge=0, le=10**9, examples=[1280])]


class Publishing(In):
    """How prices are published: now when no time is given; `confirm_large` allows a jump of ten times."""

    reason: str = Field(default="", max_length=500, examples=["weekend promotion"])
    confirm_large: bool = False
    effective_ms: TimeMs | None = None
    until_ms: TimeMs | None = None
    """When the price before comes back."""


class NewPrice(Publishing):
    """A price to publish. A member price or struck-out price that is left out stays; 0 ends it."""

    gtin: Gtin
    price_minor: int = Field(examples=[1280])
    member_minor: Minor | None = None
    was_minor: Minor | None = None


class NewPrices(Publishing):
    """One rule for a category, or for the products named: hundredths of a percent on or off, down to an ending."""

    category: str | None = Field(default=None, max_length=200, examples=["dairy"])
    gtins: list[Gtin] = Field(default=[], max_length=20_000)
    percent_bp: int = Field(ge=-9_000, le=10_000, examples=[-1_000])
    ending_minor: int | None = Field(default=None, ge=0, le=99, examples=[90])

    @model_validator(mode="after")
    def _one_of_both(self) -> "NewPrices":
        if (self.category is None) == (not self.gtins):
            raise ValueError("name either a category or gtins")
        return self


class Group(Out):
    """What was published together."""

    group: str
    changes: int
    book_version: int


class Undone(Out):
    """What was taken back."""

    group: str
    undone: int


class EffectDetail(Out):
    """One product before and after; `lawful_was_minor` is the most that may be shown struck out beside it."""

    gtin: str
    name: Names
    before_minor: int
    after_minor: int
    lowest_7d_minor: int
    lowest_30d_minor: int
    lawful_was_minor: int
    lawful_days: int


class EffectBaskets(Out):
    """The store's last baskets, all together, before and after; `touched` hold a product that would change."""

    count: int
    touched: int
    before_minor: int
    after_minor: int


class Effect(Out):
    """What new prices would do."""

    products: int
    raised: int
    lowered: int
    details: list[EffectDetail]
    baskets: EffectBaskets


class NewPromotion(In):
    """A promotion as the contract describes it (`Promotion` in `messages.schema.json`); the path names its id."""

    promotion: dict[str, Any] = Field(
        examples=[
            {
                "name": {"en": "Milk, three for ten", "zh": "牛奶三件十元"},
                "starts_ms": 1_795_410_000_000,
                "ends_ms": 1_795_500_000_000,
                "rule": {
                    "rule": "bundle",
                    "parts": [{"products": {"gtins": ["06901234567892"]}, "quantity": 3}],
                    "price_minor": 1000,
                },
            }
        ]
    )


class PromotionItem(Out):
    """A promotion; `state` is planned, live or ended; `uses` are baskets, `saving_minor` what it took off them."""

    promotion: dict[str, Any]
    state: str
    by: str
    made_ms: int
    uses: int
    saving_minor: int


class PromotionTry(Out):
    """What a promotion would have done to the store's last baskets."""

    baskets: EffectBaskets


class PricePoint(Out):
    """One price of a product, from when on, by whom and why."""

    id: int
    from_minor: int
    to_minor: int
    effective_ms: int
    by: str
    reason: str
    state: str
    group: str


class ProductHistory(Out):
    """A product's prices, newest first, and its lawful reference."""

    lowest_7d_minor: int
    lowest_30d_minor: int
    lawful_was_minor: int
    lawful_days: int
    prices: list[PricePoint]


class Book(Out):
    """A price book; `state` is planned, current or past."""

    version: int
    effective_ms: int
    made_ms: int
    by: str
    reason: str
    state: str


class Holder(Out):
    """Which book a device holds."""

    device: str
    name: str
    kind: str
    online: bool
    version: int | None


class RejectedRow(Out):
    """A row of a list that was not taken."""

    row: int
    gtin: str
    reason: str


class Import(Out):
    """What came of a list; `rejected` holds the first hundred, the rest can be downloaded."""

    rows: int
    new: int
    edited: int
    repriced: int
    gone: int
    unchanged: int
    rejected: list[RejectedRow]
    rejected_count: int
    group: str
    book_version: int | None


class ImportProgress(Out):
    """How far an import is; `state` is reading, checking, publishing, done or failed."""

    state: str
    done: int
    of: int
    rejected: int


class Product(Out):
    """A product of a store. A member price or struck-out price of 0 is none."""

    gtin: str
    name: Names
    price_minor: int
    member_minor: int
    was_minor: int
    unit_price_minor: int | None
    measure: str
    category: str
    unit: str
    labels: int


class Products(Out):
    """A page of products."""

    total: int
    items: list[Product]


class Asset(Out):
    """A sound."""

    id: str
    sha256: str
    title: str
    bytes: int
    duration_s: float
    rate_hz: int
    channels: int
    uploaded_ms: int
    by: str


class NewSlot(In):
    """When a sound plays: once at `start_ms`, or every `every_s` until `until_ms`; no devices means all."""

    asset_sha256: Sha256
    start_ms: TimeMs
    every_s: float = Field(default=0, ge=0, le=86_400)
    until_ms: TimeMs = 0
    devices: list[Id] = []
    audience: Audience = "any"


class Slot(Out):
    """A planned sound."""

    id: str
    title: str
    asset_sha256: str
    start_ms: int
    every_s: float
    until_ms: int
    devices: list[str]
    audience: Audience
    plays: int


class Play(Out):
    """What a speaker played; `sounded_sha256` is over the samples that went out."""

    device: str
    item: str
    title: str
    asset_sha256: str
    sounded_sha256: str
    due_ms: int
    at_ms: int
    duration_s: float
    level_dbfs: float
    complete: bool


class NewOffer(In):
    """A location-triggered offer; `holdout` is the share of trips that never see it."""

    id: Id
    zone: Id
    when: Literal["enter", "dwell", "exit"] = "dwell"
    headline: dict[str, Annotated[str, Field(max_length=200)]] = Field(examples=[{"en": "Try it", "zh": "尝一尝"}])
    gtin: Gtin | None = None
    dwell_s: float = Field(default=1.0, ge=0, le=600)
    cooldown_s: float = Field(default=60.0, ge=0, le=86_400)
    per_trip: int = Field(default=1, ge=0)
    holdout: float = Field(default=0.0, ge=0, le=1)
    probability: float = Field(default=0.6, ge=0, le=1)


class ZoneWorth(Out):
    """What offers of a zone will be worth at this store's accuracy, where its probability must reach `at_least`."""

    zone: str
    at_least: float
    recall: float
    """How many of ten visits are noticed, as a share."""
    precision: float
    """How many of those noticed are visits, as a share."""
    is_enough: bool
    enough_m: tuple[float, float] | None
    """How far across and along would do, where this zone does not; None where nothing up to four times would."""


class SurveyWalked(Out):
    """A survey as it was walked; `is_used` says that the store's devices go by it."""

    id: str
    device: str
    device_name: str
    legs: int
    since_ms: int
    until_ms: int
    is_used: bool


class BeaconHealth(Out):
    """A beacon as all devices hear it; `state` is well, ill, low (battery) or unheard, `ill` dead, moved or gain."""

    id: str
    x_m: float
    y_m: float
    state: str
    ill: str
    devices: int
    rate: float | None
    """Packets received over those expected, all devices together; None before anybody knows."""
    rssi_dbm: float | None
    heard_s: int | None
    battery_mv: int | None


class Decision(Out):
    """A decision on an offer."""

    device: str
    trip: str
    offer: str
    zone: str
    outcome: str
    reason: str
    probability: float
    at_ms: int


class NewClaim(In):
    """A device to let in."""

    kind: Id
    name: str = Field(default="", max_length=100, examples=["Speaker by the bakery"])


class ClaimMade(Out):
    """A claim with its code, shown this once."""

    id: str
    code: str
    kind: str
    name: str
    expires_ms: int
    state: str
    qr_svg: str
    command: str


class ClaimView(Out):
    """A claim without its code."""

    id: str
    kind: str
    name: str
    state: str
    expires_ms: int
    device: str | None
    by: str


class Enrol(In):
    """What a device sends to redeem a claim: a signing request for the key it made itself."""

    claim: str = Field(max_length=40)
    csr_pem: str = Field(max_length=10_000)
    serial: str = Field(max_length=100)
    release_key_b64: str | None = Field(default=None, max_length=100)


class Enrolled(Out):
    """A device's new identity and where to go with it."""

    device: str
    kind: str
    store: str
    certificate_pem: str
    ca_pem: str
    broker: str
    signing_key_b64: str
    cloud_url: str
    configuration: dict[str, Any]


class KindView(Out):
    """A device kind."""

    id: str
    name: Names
    commands: list[str]


class DeviceChange(In):
    """What may be changed of a device."""

    name: str | None = Field(default=None, max_length=100)
    in_service: bool | None = None
    volume_db: float | None = Field(default=None, ge=-60, le=0)


class NewCommand(In):
    """A command; it expires undone after a minute."""

    name: Id
    arguments: dict[str, Any] = {}

    @field_validator("arguments")
    @classmethod
    def _is_small(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(arguments)) > 4000:
            raise ValueError("arguments of more than 4000 characters: send a pointer")
        return arguments


class CommandView(Out):
    """A command and how it ended: sent, done, failed or expired."""

    id: str
    device: str
    name: str
    state: str
    detail: str
    made_ms: int
    expires_ms: int
    done_ms: int | None


class DeviceDetail(Device):
    """A device with what it reported and was told."""

    reported: dict[str, dict[str, Any]]
    commands: list[CommandView]


class Series(Out):
    """Readings of one series."""

    series: str
    t_ms: list[int]
    v: list[float]


class SecurityEvent(Out):
    """Something that somebody tried and was refused."""

    id: int
    at_ms: int
    device: str
    kind: str
    detail: str


class DeadLetter(Out):
    """A message that could not be read, and why."""

    id: int
    at_ms: int
    device: str
    topic: str
    reason: str
    bytes_hex: str


class Fleet(Out):
    """The fleet in numbers."""

    devices: int
    online: int
    events_per_s: float
    journal_lag: int
    dead_letters: int
    security_events: int
    by_kind: dict[str, dict[str, int]]


class Snapshot(Out):
    """Where a page starts before it follows the live stream."""

    devices: list[Device]
    positions: list[dict[str, Any]]
    labels: list[Label]
    changes: list[Change]
    now_ms: int


class StreamView(Out):
    """How far one stream of a device is durable; `in_order` is checked over the newest journal rows."""

    stream: str
    boot: int
    seq: int
    lost: int
    checked: int
    in_order: bool
    never_drops: bool


class BasketLine(Out):
    """Something that happened to a basket."""

    id: int
    device: str
    trip: str
    kind: str
    gtin: str | None
    quantity: int
    price_minor: int
    provisional: bool
    at_ms: int
