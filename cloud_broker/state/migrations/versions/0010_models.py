"""Models that devices look with. Revision 0010, after the taught items."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True),
        sa.Column("task", sa.String(63), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "store_models",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("task", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
    )
