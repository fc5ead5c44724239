"""Where the streams of a device stand in the journal: how far, and whether each event is there once and in order."""

from typing import Any

from sqlalchemy import Connection, select

from cloud_broker.state.tables import journal, marks

CHECKED = 2000
"""Rows looked at, from the newest back."""


def standings(connection: Connection, device: str) -> list[dict[str, Any]]:
    """Return, for each stream, its mark and a check of its newest journal rows."""
    rows = connection.execute(
        select(journal.c.stream, journal.c.boot, journal.c.first, journal.c.events, journal.c.skip)
        .where(journal.c.device == device)
        .order_by(journal.c.id.desc())
        .limit(CHECKED)
    ).all()
    after: dict[str, tuple[int, int]] = {}
    whole: dict[str, bool] = {}
    checked: dict[str, int] = {}
    for row in rows:
        start, end = row.first + row.skip, row.first + row.events
        later = after.get(row.stream)
        if later is not None:
            restarted = later[0] > row.boot and later[1] <= row.first
            whole[row.stream] = whole[row.stream] and (later[1] == end or restarted)
        else:
            whole[row.stream] = True
        after[row.stream] = (row.boot, start)
        checked[row.stream] = checked.get(row.stream, 0) + row.events - row.skip
    prefix = f"{device}/"
    return [
        {
            "stream": mark.key.removeprefix(prefix),
            "boot": mark.boot,
            "seq": mark.seq,
            "lost": mark.lost,
            "checked": checked.get(mark.key.removeprefix(prefix), 0),
            "in_order": whole.get(mark.key.removeprefix(prefix), True),
        }
        for mark in connection.execute(
            select(marks).where(marks.c.key.startswith(prefix, autoescape=True)).order_by(marks.c.key)
        )
    ]
