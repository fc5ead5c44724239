"""The price law as a state machine: whatever a store goes through, nobody pays more than a label may be showing.

The gateway's own campaigns and the labels' own firmware run in it (`tests/fakes/price_world.py`).
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fakes.price_mutations import MUTATIONS
from tests.fakes.price_world import LABELS, STEPS, PriceWorld, Rules

OFFSETS_MS = st.integers(-30_000, 30_000)
NUMBERS = st.integers(0, 999)


class StoreMachine(RuleBasedStateMachine):
    """One store: a till, two carts, two labels of one product, a gateway and the cloud."""

    rules_in_force = Rules()

    def __init__(self) -> None:
        super().__init__()
        self.world = PriceWorld(rules=self.rules_in_force)

    @initialize(gateway_ms=OFFSETS_MS, till_ms=OFFSETS_MS, cart_ms=OFFSETS_MS, label_ms=OFFSETS_MS)
    def open(self, gateway_ms: int, till_ms: int, cart_ms: int, label_ms: int) -> None:
        """Clocks are off, each by its own."""
        self.world = PriceWorld(rules=self.rules_in_force, gateway_offset_ms=gateway_ms)
        self.world.devices["till-1"].offset_ms = till_ms
        self.world.devices["cart-1"].offset_ms = cart_ms
        self.world.labels[LABELS[0]].ahead_ms = label_ms
        self.world.settle()

    @rule(number=NUMBERS, name=st.sampled_from(["publish", "publish later", "publish other"]))
    def a_person_sets_a_price(self, name: str, number: int) -> None:
        STEPS[name](self.world, number)

    @rule(number=NUMBERS, name=st.sampled_from(["book to gateway", "book to device", "confirm", "cloud hears"]))
    def a_message_arrives(self, name: str, number: int) -> None:
        STEPS[name](self.world, number)

    @rule()
    def the_gateway_issues(self) -> None:
        self.world.issue()

    @precondition(lambda self: any(self.world.leases.values()))
    @rule(number=NUMBERS)
    def a_lease_arrives(self, number: int) -> None:
        STEPS["lease"](self.world, number)

    @precondition(lambda self: bool(self.world.published))
    @rule(number=NUMBERS)
    def releases_arrive_the_newest_or_older_ones(self, number: int) -> None:
        STEPS["releases"](self.world, number)

    @rule(label=st.sampled_from(LABELS), fate=st.sampled_from([0, 0, 1, 2]))
    def a_label_is_served_one_step_and_a_word_may_get_lost(self, label: str, fate: int) -> None:
        self.world.step(label, fate)

    @rule(label=st.sampled_from(LABELS))
    def a_label_is_served_until_it_has_proved(self, label: str) -> None:
        self.world.arm(label)
        self.world.prove(label)

    @rule()
    def the_gateway_crashes(self) -> None:
        self.world.restart_gateway()

    @rule(device=st.sampled_from(["till-1", "cart-1", "cart-2"]))
    def a_device_starts_anew(self, device: str) -> None:
        self.world.restart(device)

    @rule(duration_ms=st.integers(1, 40_000))
    def time_passes(self, duration_ms: int) -> None:
        self.world.pass_ms(duration_ms)

    @invariant()
    def nobody_pays_more_than_a_label_may_be_showing(self) -> None:
        assert self.world.breach() is None

    def teardown(self) -> None:
        """Left in peace, the store charges and shows the newest price."""
        self.world.pass_ms(120_000)
        for _ in range(2):
            self.world.settle()
            self.world.pass_ms(45_000)
        self.world.settle()
        assert self.world.breach() is None
        assert {label.glass for label in self.world.labels.values()} == {self.world.row.price_minor}


SOME = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)


def test_nobody_ever_pays_more_than_a_label_may_be_showing() -> None:
    run_state_machine_as_test(StoreMachine, settings=SOME)


@pytest.mark.parametrize("name", ["a decrease waits for nobody", "no price counts as lower"])
def test_the_machine_finds_what_is_missing_by_itself(name: str) -> None:
    class WithoutOneRule(StoreMachine):
        rules_in_force = MUTATIONS[name][0]

    # What is generated leans on the numbers in whatever modules are loaded: the first failure ends the search, however
    # long it takes.
    search = settings(SOME, phases=[Phase.generate], derandomize=True, max_examples=10_000, report_multiple_bugs=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(WithoutOneRule, settings=search)
