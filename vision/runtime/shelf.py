"""Where models lie: those that come with the package, and a folder of a device's own, which goes first."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from firmware_specs.models import ModelError, ModelManifest, Task, read_manifest
from vision.runtime.session import Model, open_model

SHIPPED: Final = Path(__file__).parents[1] / "models"


@dataclass(frozen=True, slots=True)
class Found:
    """A model in a folder: its manifest, or why there is none that can be used."""

    path: Path
    manifest: ModelManifest | None
    error: str = ""

    def open(self) -> Model:
        """Return the model, checked. Raises ModelError."""
        if self.manifest is None:
            raise ModelError(self.error)
        try:
            weights = self.path.with_suffix(".onnx").read_bytes()
        except OSError as exc:
            raise ModelError(f"{self.manifest.name}: the weights cannot be read: {exc}") from exc
        return open_model(self.manifest, weights)


def found_in(folder: Path) -> tuple[Found, ...]:
    """Return every manifest in a folder, in the order of their names. Raises ModelError for no folder."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder of models")
    return tuple(_found(path) for path in sorted(folder.glob("*.json")))


@cache
def find(task: Task, folder: Path = SHIPPED) -> Model:
    """Return the newest model for a task, open; the same one when asked again. Raises ModelError."""
    fitting = [one for one in found_in(folder) if one.manifest is not None and one.manifest.task == task]
    if not fitting:
        raise ModelError(f"there is no model for {task} in {folder}")
    return max(fitting, key=lambda one: 0 if one.manifest is None else one.manifest.version).open()


def _found(path: Path) -> Found:
    try:
        return Found(path, read_manifest(path.read_bytes()))
    except ModelError as exc:
        return Found(path, None, f"{path.name}: {exc}")
    except OSError as exc:
        return Found(path, None, f"{path.name} cannot be read: {exc}")
