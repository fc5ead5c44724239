"""Sounds: for whom a slot plays. Revision 0006, after the surveys."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("slots") as slots:
        slots.add_column(
            sa.Column(
                "audience",
                sa.String(16),
                nullable=False,
                server_default="any",
                comment="for whom, as the contract's slot names it",
            )
        )
