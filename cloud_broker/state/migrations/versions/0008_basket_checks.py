"""Basket checks: what carts asked their shoppers, and what carts weighed. Revision 0008, after the shelves."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "basket_questions",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("store", sa.String(63), nullable=False),
        sa.Column("device", sa.String(63), nullable=False),
        sa.Column("trip", sa.String(63), nullable=False),
        sa.Column("verdict", sa.String(63), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=True),
        sa.Column("odds", sa.Float(), nullable=False),
        sa.Column("change_g", sa.Float(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(63), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Index("ix_basket_questions_store", "store", "at_ms"),
    )
    op.create_table(
        "weighings",
        sa.Column("id", _key, primary_key=True, autoincrement=True),
        sa.Column("store", sa.String(63), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("trip", sa.String(63), nullable=False),
        sa.Column("weight_g", sa.Float(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Index("ix_weighings_product", "store", "gtin", "id"),
    )
