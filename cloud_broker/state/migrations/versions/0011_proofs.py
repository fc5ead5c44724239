"""By what a task was closed: a kind, a person and a note, no sentence. Revision 0011, after the models."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(
            sa.Column(
                "proof_by", sa.String(63), nullable=False, server_default="", comment="the person, where it was one"
            )
        )
        tasks.add_column(
            sa.Column("proof_note", sa.Text(), nullable=False, server_default="", comment="which photo, or the reason")
        )
    tasks_ = sa.table(
        "tasks",
        sa.column("id", sa.BigInteger()),
        sa.column("closed_ms", sa.BigInteger()),
        sa.column("proof", sa.Text()),
        sa.column("proof_by", sa.String()),
        sa.column("proof_note", sa.Text()),
    )
    connection = op.get_bind()
    closed = sa.select(tasks_.c.id, tasks_.c.proof).where(tasks_.c.closed_ms.is_not(None))
    for task, sentence in connection.execute(closed).all():
        kind, by, note = _apart(sentence)
        values = {"proof": kind, "proof_by": by, "proof_note": note}
        connection.execute(sa.update(tasks_).where(tasks_.c.id == task).values(**values))


def _apart(sentence: str) -> tuple[str, str, str]:
    if sentence.startswith("photo "):
        return "photo", "", sentence.removeprefix("photo ")
    if sentence.startswith("looked at by "):
        return "look", sentence.removeprefix("looked at by ")[:63], ""
    if sentence.startswith("dropped by "):
        by, _, why = sentence.removeprefix("dropped by ").partition(": ")
        return "dropped", by[:63], why
    return "gone" if sentence else "label", "", ""
