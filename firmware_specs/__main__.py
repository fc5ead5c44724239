"""`python -m firmware_specs`: write the generated documents into `schemas/` beside this file."""

from pathlib import Path

from firmware_specs.publish import files

FOLDER = Path(__file__).parent / "schemas"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")
