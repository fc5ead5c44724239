"""Shelf labels: which panel each has, by which template it is drawn, a store's own templates, why one failed; tasks.

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
_cause = sa.Column(
    "cause", sa.String(40), nullable=False, server_default="", comment="of a failure, as the contract names it"
)
_key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("labels") as labels:
        labels.add_column(_panel)
        labels.add_column(_template)
        labels.add_column(_cause)
    op.create_table(
        "label_templates",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "tasks",
        sa.Column("id", _key, primary_key=True, autoincrement=True),
        sa.Column("store", sa.String(63), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("about", sa.String(63), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.String(63), nullable=False, server_default=""),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
    )
