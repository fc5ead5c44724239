"""Shelf labels: when a label had a new picture ready.

Revision 0003, after the price book.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("change_labels") as change_labels:
        change_labels.add_column(sa.Column("prepared_ms", sa.BigInteger(), nullable=True))
