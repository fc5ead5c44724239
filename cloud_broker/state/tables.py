"""Every table of the cloud, by the folder that owns it. Times are UTC milliseconds, money integer minor units."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# SQLite gives a growing rowid only to INTEGER; elsewhere it is a 64-bit identity.
BigKey = BigInteger().with_variant(Integer, "sqlite")

# ingest: what devices said, as it came, in order of commit.
journal = Table(
    "journal",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("device", String(63), nullable=False),
    Column("stream", String(63), nullable=False),
    Column("boot", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("skip", Integer, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Followers remember ids: one must never be given twice, not even when the table was emptied.
    sqlite_autoincrement=True,
)

marks = Table(
    "marks",
    metadata,
    Column("key", String(128), primary_key=True, comment="device/stream"),
    Column("boot", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False, default=0),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("device", String(63), nullable=False),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    sqlite_autoincrement=True,
)

# fleet
security_events = Table(
    "security_events",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("device", String(63), nullable=False),
    Column("kind", String(63), nullable=False),
    Column("detail", Text, nullable=False),
)

# projector: how far the journal was applied.
cursors = Table(
    "cursors",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# accounts
accounts = Table(
    "accounts",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("stores", JSON, nullable=False, comment="store ids; ['*'] for all"),
    Column("password_hash", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("account", String(63), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

# registry
stores = Table(
    "stores",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("name", JSON, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("gateway_url", Text, nullable=False, default=""),
    Column("local_broker", Text, nullable=False, default=""),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("kind", String(63), nullable=False),
    Column("name", Text, nullable=False),
    Column("store", String(63), nullable=False, index=True),
    Column("serial", Text, nullable=False),
    Column("in_service", Boolean, nullable=False, default=True),
    Column("volume_db", Float, nullable=False, default=-6.0),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("release_key", LargeBinary, nullable=True),
    Column("online", Boolean, nullable=False, default=False),
    Column("boot", BigInteger, nullable=False, default=0),
    Column("session", BigInteger, nullable=False, default=0),
    Column("since_ms", BigInteger, nullable=False, default=0),
    Column("last_seen_ms", BigInteger, nullable=False, default=0),
    Column("agent_version", Text, nullable=False, default=""),
    Column("health", JSON, nullable=True),
    Column("faults", JSON, nullable=False, default=dict),
    Column("book_version", BigInteger, nullable=True),
    Column("events", BigInteger, nullable=False, default=0),
    Column("share_url", Text, nullable=False, default=""),
)

reported = Table(
    "reported",
    metadata,
    Column("device", String(63), primary_key=True),
    Column("matter", String(63), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("code_sha256", String(64), nullable=False, unique=True),
    Column("reserved", String(63), nullable=False, unique=True, comment="the id that the device will have"),
    Column("kind", String(63), nullable=False),
    Column("name", Text, nullable=False),
    Column("store", String(63), nullable=False),
    Column("by", String(63), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("device", String(63), nullable=True),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("device", String(63), nullable=False, index=True),
    Column("name", String(63), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("by", String(63), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("done_ms", BigInteger, nullable=True),
)

# what is pushed: the head manifest of each matter of each store, and each device's desired documents.
heads = Table(
    "heads",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("matter", String(63), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("effective_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False, index=True),
    Column("envelope", LargeBinary, nullable=False),
)

desired = Table(
    "desired",
    metadata,
    Column("device", String(63), primary_key=True),
    Column("shadow", String(63), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False, index=True),
    Column("envelope", LargeBinary, nullable=False),
)

# prices
products = Table(
    "products",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("name", JSON, nullable=False),
    Column("search", Text, nullable=False, comment="both names and the GTIN in lower case"),
    Column("category", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("floor_minor", BigInteger, nullable=False),
    Column("member_minor", BigInteger, nullable=False, default=0, comment="0 where there is none"),
    Column("was_minor", BigInteger, nullable=False, default=0, comment="0 where none is shown"),
    Column("content_milli", BigInteger, nullable=False, default=0, comment="thousandths of the measure"),
    Column("measure", Text, nullable=False, default=""),
    Column("promotions", JSON, nullable=False, default=list),
    Column("book_version", BigInteger, nullable=False, comment="the book that brought this price"),
    Column("row_version", BigInteger, nullable=False, comment="the book that brought this row"),
    Column("gone", Boolean, nullable=False, default=False),
)
Index("ix_products_row_version", products.c.store, products.c.row_version)

# Each table of prices that a store's books were deltas from, and the step from the one before.
price_tables = Table(
    "price_tables",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("version", BigInteger, primary_key=True, comment="the first book that was a delta from it"),
    Column("sha256", String(64), nullable=False),
    Column("snapshot_sha256", String(64), nullable=False),
    Column("snapshot_size", BigInteger, nullable=False),
    Column("snapshot_chunks", JSON, nullable=False),
    Column("from_sha256", String(64), nullable=False),
    Column("step_sha256", String(64), nullable=False),
    Column("step_size", BigInteger, nullable=False),
)

books = Table(
    "books",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("effective_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("by", String(63), nullable=False),
    Column("reason", Text, nullable=False),
    Column("table_sha256", String(64), nullable=False),
    Column("delta_sha256", String(64), nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("from_minor", BigInteger, nullable=False),
    Column("to_minor", BigInteger, nullable=False),
    Column("floor_minor", BigInteger, nullable=False),
    Column("book_version", BigInteger, nullable=False),
    Column("effective_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("by", String(63), nullable=False),
    Column("reason", Text, nullable=False),
    Column("member_minor", BigInteger, nullable=True, comment="the member price that comes with it; 0 ends it"),
    Column("was_minor", BigInteger, nullable=True, comment="the struck-out price that comes with it; 0 ends it"),
    Column("group", String(63), nullable=False, comment="what was changed together"),
    Column("applied_ms", BigInteger, nullable=True, comment="since when it counts; null while it is planned"),
    Column("undone_ms", BigInteger, nullable=True, comment="when a planned one was taken back"),
    Column("released_ms", BigInteger, nullable=True),
    Column("confirmed_ms", BigInteger, nullable=True),
    Column("superseded_ms", BigInteger, nullable=True),
)
Index("ix_changes_product", changes.c.store, changes.c.gtin, changes.c.applied_ms)
Index("ix_changes_store_open", changes.c.store, changes.c.confirmed_ms, changes.c.superseded_ms)

change_devices = Table(
    "change_devices",
    metadata,
    Column("change", BigInteger, primary_key=True),
    Column("device", String(63), primary_key=True),
    Column("kind", String(63), nullable=False),
    Column("held_ms", BigInteger, nullable=True),
    Column("charged_ms", BigInteger, nullable=True),
)

change_labels = Table(
    "change_labels",
    metadata,
    Column("change", BigInteger, primary_key=True),
    Column("label", String(63), primary_key=True),
    Column("prepared_ms", BigInteger, nullable=True),
    Column("armed_ms", BigInteger, nullable=True),
    Column("shown_ms", BigInteger, nullable=True),
)

# Promotions as the contract's own struct; `uses` is the ledger of what baskets took from them, each op once.
promotions = Table(
    "promotions",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("body", JSON, nullable=False),
    Column("by", String(63), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

promotion_uses = Table(
    "promotion_uses",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("op", String(200), primary_key=True),
    Column("promotion", String(63), nullable=False),
    Column("applications", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("coupon", String(64), nullable=True),
    Column("at_ms", BigInteger, nullable=False),
)
Index("ix_promotion_uses_promotion", promotion_uses.c.store, promotion_uses.c.promotion)

# labels
labels = Table(
    "labels",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("address", Text, nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("x_m", Float, nullable=False),
    Column("y_m", Float, nullable=False),
    Column("state", String(16), nullable=False, default="unknown"),
    Column("price_minor", BigInteger, nullable=True),
    Column("book_version", BigInteger, nullable=True),
    Column("image_sha256", String(64), nullable=True),
    Column("since_ms", BigInteger, nullable=False, default=0),
    Column("reason", Text, nullable=False, default=""),
    Column("cause", String(40), nullable=False, default="", comment="of a failure, as the contract names it"),
    Column(
        "panel", String(40), nullable=False, default="296x128 bw", comment="its hardware, as `vision.panel` prints it"
    ),
    Column("template", String(40), nullable=False, default="standard", comment="by which it is drawn"),
)

# A store's own templates of labels, as a person wrote them; others come along with the gateway.
label_templates = Table(
    "label_templates",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("body", JSON, nullable=False),
    Column("by", String(63), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# What people must do, opened and closed by what devices say; one open task for one thing of a kind.
tasks = Table(
    "tasks",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("about", String(100), nullable=False, comment="a label; of a shelf `bay:gtin`"),
    Column("bay", String(63), nullable=False, server_default=""),
    Column("gtin", String(14), nullable=False, server_default=""),
    Column("cause", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("facts", JSON, nullable=False, server_default="{}", comment="what pages make a sentence of"),
    Column("opened_ms", BigInteger, nullable=False, comment="may lie ahead: then nothing is to be done yet"),
    Column("due_ms", BigInteger, nullable=False),
    Column("taken_by", String(63), nullable=False, default=""),
    Column("closed_ms", BigInteger, nullable=True),
    Column("proof", Text, nullable=False, server_default="", comment="by what it was closed"),
    Column("proof_by", String(63), nullable=False, server_default="", comment="the person, where it was one"),
    Column("proof_note", Text, nullable=False, server_default="", comment="which photo, or the reason"),
)

# shelves: bays that have a planogram, and what photos of them showed.
bays = Table(
    "bays",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("body", JSON, nullable=False, comment="the contract's Bay"),
    Column("by", String(63), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

audits = Table(
    "audits",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("store", String(63), nullable=False),
    Column("bay", String(63), nullable=False),
    Column("device", String(63), nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("facings", Integer, nullable=False),
    Column("right", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
)
Index("ix_audits_bay", audits.c.store, audits.c.bay, audits.c.at_ms)

# surveys
survey_legs = Table(
    "survey_legs",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("survey", String(63), primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("device", String(63), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", JSON, nullable=False, comment="the contract's event as it came"),
)

surveys_used = Table(
    "surveys_used",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("survey", String(63), nullable=False),
    Column("by", String(63), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

beacon_reports = Table(
    "beacon_reports",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("beacon", String(63), primary_key=True),
    Column("device", String(63), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("expected", BigInteger, nullable=True),
    Column("rssi_dbm", Float, nullable=True),
    Column("age_s", Float, nullable=False),
    Column("battery_mv", Integer, nullable=True),
    Column("ill", String(10), nullable=False),
)

# audio
assets = Table(
    "assets",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("rate_hz", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("uploaded_ms", BigInteger, nullable=False),
    Column("by", String(63), nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("store", String(63), nullable=False, index=True),
    Column("asset_sha256", String(64), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("every_s", Float, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("devices", JSON, nullable=False),
    Column(
        "audience",
        String(16),
        nullable=False,
        server_default="any",
        comment="for whom, as the contract's slot names it",
    ),
    Column("made_ms", BigInteger, nullable=False),
    Column("by", String(63), nullable=False),
    Column("cancelled", Boolean, nullable=False, default=False),
)

plays = Table(
    "plays",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False, index=True),
    Column("device", String(63), nullable=False),
    Column("item", String(63), nullable=False),
    Column("asset_sha256", String(64), nullable=False),
    Column("sounded_sha256", String(64), nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("level_dbfs", Float, nullable=False),
    Column("complete", Boolean, nullable=False),
)
Index("ix_plays_item", plays.c.store, plays.c.item)

# offers
offers = Table(
    "offers",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("body", JSON, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False, index=True),
    Column("device", String(63), nullable=False),
    Column("trip", String(63), nullable=False),
    Column("offer", String(63), nullable=False),
    Column("zone", String(63), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probability", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# baskets: what was taken, once, in the device's order.
basket_lines = Table(
    "basket_lines",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False),
    Column("device", String(63), nullable=False),
    Column("trip", String(63), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("gtin", String(14), nullable=True),
    Column("quantity", Integer, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
Index("ix_basket_lines_device", basket_lines.c.device, basket_lines.c.id)

# What carts asked their shoppers about what went in, and how it ended.
basket_questions = Table(
    "basket_questions",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("store", String(63), nullable=False),
    Column("device", String(63), nullable=False),
    Column("trip", String(63), nullable=False),
    Column("verdict", String(63), nullable=False),
    Column("gtin", String(14), nullable=True),
    Column("odds", Float, nullable=False),
    Column("change_g", Float, nullable=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("answer", String(63), nullable=True),
    Column("answered_ms", BigInteger, nullable=True),
)
Index("ix_basket_questions_store", basket_questions.c.store, basket_questions.c.at_ms)

# What carts weighed of products that went in alone: the last of each product, from which its weight is learnt.
weighings = Table(
    "weighings",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("store", String(63), nullable=False),
    Column("gtin", String(14), nullable=False),
    Column("trip", String(63), nullable=False),
    Column("weight_g", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
Index("ix_weighings_product", weighings.c.store, weighings.c.gtin, weighings.c.id)

# What stores taught their devices of items without a code: directions in a model's space, never pictures.
taught_items = Table(
    "taught_items",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("model_sha256", String(64), nullable=False),
    Column("direction", LargeBinary, nullable=False, comment="float32, little-endian"),
    Column("spread", Float, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# Models that devices look with: what headquarters has added, and which of them each store wants.
models = Table(
    "models",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("task", String(63), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("by", String(63), nullable=False),
    Column("added_ms", BigInteger, nullable=False),
)

store_models = Table(
    "store_models",
    metadata,
    Column("store", String(63), primary_key=True),
    Column("task", String(63), primary_key=True),
    Column("name", String(63), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("by", String(63), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
