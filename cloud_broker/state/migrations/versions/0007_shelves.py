"""Shelves: bays with their planograms, audits of them, and tasks that come of those. Revision 0007, after audiences."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bays",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False, comment="the contract's Bay"),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audits",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("store", sa.String(63), nullable=False),
        sa.Column("bay", sa.String(63), nullable=False),
        sa.Column("device", sa.String(63), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("facings", sa.Integer(), nullable=False),
        sa.Column("right", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Index("ix_audits_bay", "store", "bay", "at_ms"),
    )
    with op.batch_alter_table("tasks") as tasks:
        tasks.alter_column(
            "about",
            type_=sa.String(100),
            comment="a label; of a shelf `bay:gtin`",
            existing_type=sa.String(63),
            existing_nullable=False,
        )
        tasks.alter_column(
            "opened_ms",
            comment="may lie ahead: then nothing is to be done yet",
            existing_type=sa.BigInteger(),
            existing_nullable=False,
        )
        tasks.add_column(sa.Column("bay", sa.String(63), nullable=False, server_default=""))
        tasks.add_column(sa.Column("gtin", sa.String(14), nullable=False, server_default=""))
        tasks.add_column(
            sa.Column("facts", sa.JSON(), nullable=False, server_default="{}", comment="what pages make a sentence of")
        )
        tasks.add_column(
            sa.Column("proof", sa.Text(), nullable=False, server_default="", comment="by what it was closed")
        )
