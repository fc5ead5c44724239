"""The price book: tables and deltas instead of one JSON document, plans, and what a row of a book says.

Revision 0002, after Foundation.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("devices") as devices:
        devices.add_column(sa.Column("share_url", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("products") as products:
        products.add_column(
            sa.Column(
                "member_minor", sa.BigInteger(), nullable=False, server_default="0", comment="0 where there is none"
            )
        )
        products.add_column(
            sa.Column(
                "content_milli",
                sa.BigInteger(),
                nullable=False,
                server_default="0",
                comment="thousandths of the measure",
            )
        )
        products.add_column(
            sa.Column("was_minor", sa.BigInteger(), nullable=False, server_default="0", comment="0 where none is shown")
        )
        products.add_column(sa.Column("measure", sa.Text(), nullable=False, server_default=""))
        products.add_column(sa.Column("promotions", sa.JSON(), nullable=False, server_default="[]"))
        products.add_column(
            sa.Column(
                "row_version",
                sa.BigInteger(),
                nullable=False,
                server_default="0",
                comment="the book that brought this row",
            )
        )
        products.add_column(sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_products_row_version", "products", ["store", "row_version"])
    op.create_table(
        "price_tables",
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="the first book that was a delta from it"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.Column("snapshot_size", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_chunks", sa.JSON(), nullable=False),
        sa.Column("from_sha256", sa.String(length=64), nullable=False),
        sa.Column("step_sha256", sa.String(length=64), nullable=False),
        sa.Column("step_size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "version"),
    )
    op.create_table(
        "books",
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("effective_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("table_sha256", sa.String(length=64), nullable=False),
        sa.Column("delta_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("store", "version"),
    )
    op.create_table(
        "promotions",
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=63), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "id"),
    )
    op.create_table(
        "promotion_uses",
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("op", sa.String(length=200), nullable=False),
        sa.Column("promotion", sa.String(length=63), nullable=False),
        sa.Column("applications", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("coupon", sa.String(length=64), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "op"),
    )
    op.create_index("ix_promotion_uses_promotion", "promotion_uses", ["store", "promotion"])
    with op.batch_alter_table("changes") as changes:
        changes.add_column(
            sa.Column(
                "member_minor", sa.BigInteger(), nullable=True, comment="the member price that comes with it; 0 ends it"
            )
        )
        changes.add_column(
            sa.Column(
                "was_minor",
                sa.BigInteger(),
                nullable=True,
                comment="the struck-out price that comes with it; 0 ends it",
            )
        )
        changes.add_column(
            sa.Column(
                "group", sa.String(length=63), nullable=False, server_default="", comment="what was changed together"
            )
        )
        changes.add_column(
            sa.Column(
                "applied_ms", sa.BigInteger(), nullable=True, comment="since when it counts; null while it is planned"
            )
        )
        changes.add_column(
            sa.Column("undone_ms", sa.BigInteger(), nullable=True, comment="when a planned one was taken back")
        )
    op.execute("UPDATE changes SET applied_ms = effective_ms")
    op.create_index("ix_changes_product", "changes", ["store", "gtin", "applied_ms"])
