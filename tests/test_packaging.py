"""What a wheel carries, and what the gate does with a part that is missing."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "edge_agent",
    "cloud_broker",
    "device_drivers",
    "positioning",
    "vision",
    "firmware_specs",
    "dashboards",
)

pytest_plugins = ["pytester"]


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[frozenset[str]]:
    """The names in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        yield frozenset(opened.namelist())


def test_a_wheel_carries_every_module_kind_and_page(carried: frozenset[str]) -> None:
    tracked = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for suffix in ("*.py", "*.toml", "*.html", "*.js", "*.mjs", "*.css", "*.svg", "py.typed")
        for path in (ROOT / package).rglob(suffix)
        if "node_modules" not in path.parts
    }
    assert sorted(tracked - carried) == []
    assert "firmware_specs/kinds/cart.toml" in carried
    assert {name for name in carried if name.startswith("dashboards/") and name.endswith((".html", ".js"))}


def test_a_wheel_carries_the_pages_libraries_though_git_ignores_them(carried: frozenset[str]) -> None:
    if not (ROOT / "dashboards" / "lib").is_dir():
        pytest.skip("missing: the pages' libraries; ./aisle setup lays them into dashboards/lib")
    assert [name for name in carried if name.startswith("dashboards/lib/") and name.endswith(".js")]


def test_a_wheel_carries_no_tests_and_no_workshop(carried: frozenset[str]) -> None:
    roots = {name.split("/")[0] for name in carried}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(PACKAGES)
    assert not [name for name in carried if "node_modules" in name or "__pycache__" in name]


def test_a_wheel_carries_the_licence(carried: frozenset[str]) -> None:
    assert [name for name in carried if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_lock_pins_each_package_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        # Training is for who makes a model; what a store runs, and what tests it, needs none of it.
        *(line for extra, lines in project["optional-dependencies"].items() if extra != "train" for line in lines),
    ]
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if "==" not in line] == []
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    names = {_name(requirement) for requirement in wanted}
    assert sorted(names - pinned) == []


def _name(requirement: str) -> str:
    for stop in "[<>=!~; ":
        requirement = requirement.split(stop)[0]
    return requirement.lower().replace("_", "-")


@pytest.mark.parametrize(("ci", "outcome"), [("true", 1), ("", 0)])
def test_a_skip_for_want_of_a_part_fails_the_run_in_ci_only(
    ci: str, outcome: int, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", pytester.path / "conftest.py")
    pytester.makepyfile(
        """
        import pytest

        def test_it_runs(): pass

        def test_it_needs_more(): pytest.skip("missing: a broker")

        def test_it_means_another_system(): pytest.skip("only on Windows")
        """
    )
    monkeypatch.setenv("CI", ci)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == outcome
    result.stdout.fnmatch_lines(["*test_it_needs_more: missing: a broker"])
    result.stdout.no_fnmatch_line("*test_it_means_another_system: only*")
