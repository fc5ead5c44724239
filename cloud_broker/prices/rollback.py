"""Back to an earlier book: its rows become the store's own again, as a new book by the same road as any other."""

from sqlalchemy import Connection, select

from cloud_broker.prices.current import Library
from cloud_broker.prices.rows import Put, put_rows
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import books


def rollback(connection: Connection, library: Library, store: str, version: int, *, by: str, now_ms: int) -> Put:
    """Make the rows of an earlier book the store's own. Raises UnknownError; planned prices stay planned."""
    undone = connection.execute(
        select(books.c.effective_ms).where(books.c.store == store, books.c.version == version)
    ).scalar()
    if undone is not None and undone > now_ms:
        raise UnknownError(f"book {version} of store {store} has not counted yet: there is nothing to go back to")
    earlier = library.version(connection, store, version)
    now = library.current(connection, store, now_ms)
    rows = [earlier[gtin] for gtin in earlier.differing(now)]
    return put_rows(
        connection,
        library.publisher,
        store,
        rows,
        gone=[gtin for gtin in now.differing(earlier) if gtin not in earlier],
        by=by,
        reason=f"back to book {version}",
    )
