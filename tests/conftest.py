"""For all tests: anyio on asyncio, and in CI no skip for want of a part.

A test that cannot run because something is not installed skips with `pytest.skip("missing: …")`. On a
person's machine the summary lists it; in CI (`CI=true`) one such skip fails the whole run.
"""

import os

import pytest

MISSING = "missing:"

pytest_plugins = ["tests.parts", "tests.demo", "tests.fakes.cloud_state", "tests.fakes.cloud_api"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """aiomqtt and bleak are asyncio libraries, so the backend is asyncio."""
    return "asyncio"


class MissingParts:
    """Collects the skips whose reason names a missing part."""

    def __init__(self) -> None:
        self.skips: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a test that skipped for want of a part, in set-up or call."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid, report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a whole file that did so while it was collected."""
        if report.skipped:
            self._note(report.nodeid, report.longrepr)

    def _note(self, nodeid: str, longrepr: object) -> None:
        # pytest gives a skip as (file, line, reason), the reason after "Skipped: ".
        reason = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(MISSING):
            self.skips.append(f"{nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run in CI that left something out."""
        if self.skips and _in_ci() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was left out, and whether that is allowed here."""
        if not self.skips:
            return
        terminalreporter.section("left out for want of a part", red=_in_ci(), yellow=not _in_ci())
        for skip in self.skips:
            terminalreporter.line(skip)
        if _in_ci():
            terminalreporter.line("CI leaves nothing out: the run fails")


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_configure(config: pytest.Config) -> None:
    """Watch every run."""
    config.pluginmanager.register(MissingParts(), "missing-parts")
