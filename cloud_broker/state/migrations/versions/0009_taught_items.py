"""Items that stores taught by pictures. Revision 0009, after the basket checks."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taught_items",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("gtin", sa.String(14), primary_key=True),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("direction", sa.LargeBinary(), nullable=False, comment="float32, little-endian"),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )
