"""A store's own codes: the profile (matter `codes`) that its carts and tills read by, and lists are taken by."""

from typing import Final

import msgspec
from sqlalchemy import Connection, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import find_store
from cloud_broker.state.tables import heads
from firmware_specs.instore import StoreProfile
from firmware_specs.wire import decode

MATTER: Final = "codes"


def publish_codes(connection: Connection, publisher: Publisher, profile: StoreProfile) -> int:
    """Make a profile the store's own; return its version. Raises UnknownError.

    What the price book has stays as it is: the key of an item number does not depend on the pattern that says it.
    """
    find_store(connection, profile.store)
    made = publisher.publish(
        connection, profile.store, MATTER, lambda version: msgspec.structs.replace(profile, version=version)
    )
    return made.version


def codes_of(connection: Connection, publisher: Publisher, store: str) -> StoreProfile:
    """Return a store's profile; one without patterns for a store that was never given one."""
    query = select(heads.c.sha256).where(heads.c.store == store, heads.c.matter == MATTER)
    sha256 = connection.execute(query).scalar()
    return StoreProfile(store=store) if sha256 is None else decode(publisher.blobs.get(sha256), StoreProfile)
