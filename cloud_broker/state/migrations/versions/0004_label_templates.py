"""Shelf labels: which panel each has, by which template it is drawn, and a store's own templates.

Revision 0004, after the labels' preparation.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_panel = sa.Column(
    "panel",
    sa.String(40),
    nullable=False,
    server_default="296x128 bw",
    comment="its hardware, as `vision.panel` prints it",
)
_template = sa.Column(
    "template", sa.String(40), nullable=False, server_default="standard", comment="by which it is drawn"
)


def upgrade() -> None:
    with op.batch_alter_table("labels") as labels:
        labels.add_column(_panel)
        labels.add_column(_template)
    op.create_table(
        "label_templates",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
    )
