"""Positioning: what technicians walked, which of it is in force, and how well each device hears each beacon.

Revision 0005, after the labels' templates.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "survey_legs",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("survey", sa.String(63), primary_key=True),
        sa.Column("leg", sa.Integer(), primary_key=True),
        sa.Column("device", sa.String(63), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False, comment="the contract's event as it came"),
    )
    op.create_table(
        "surveys_used",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("survey", sa.String(63), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "beacon_reports",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("beacon", sa.String(63), primary_key=True),
        sa.Column("device", sa.String(63), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("rssi_dbm", sa.Float(), nullable=True),
        sa.Column("age_s", sa.Float(), nullable=False),
        sa.Column("battery_mv", sa.Integer(), nullable=True),
        sa.Column("ill", sa.String(10), nullable=False),
    )
