"""Bumble's virtual radio with places in it: the one file that overrides what bumble 0.0.236 fixes.

Bumble's own link joins controllers of one process, hands every advertisement to each of them twice,
as advertisement and as scan response, and reports all at -50 dBm; its legacy advertiser sends
ADV_IND only and takes its interval, in slots of 0.625 ms, for milliseconds. Here advertising PDUs
leave the process as bytes (`AirLink`) and enter another with the strength at which that place
hears them (`RadioController.hear`). Hosts, HCI and all else remain bumble's.
"""

import asyncio
import random
from collections.abc import Callable
from typing import ClassVar

from bumble import hci, ll
from bumble.controller import Controller, LegacyAdvertiser
from bumble.link import LocalLink

from device_drivers.virtual.pdu import ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND, AdvertisingPdu

SLOT_S = 0.000625
MOST_DELAY_S = 0.01
"""The random delay that spreads advertising events (advDelay, Core 6.0, Vol 6, Part B, 4.4.2.2.1)."""

_Types = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType
_Report = hci.HCI_LE_Advertising_Report_Event


class AirLink(LocalLink):
    """A link whose advertisements go to `carry`, as (name of the sending controller, bytes), and nowhere else."""

    def __init__(self, carry: Callable[[str, bytes], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # bumble left this one without types
        self._carry = carry

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Carry an undirected advertisement; connections do not leave the process."""
        kind = {ll.AdvInd: ADV_IND, ll.AdvNonConnInd: ADV_NONCONN_IND}.get(type(packet))
        if kind is None or not isinstance(packet, ll.AdvInd | ll.AdvNonConnInd):
            return
        address = packet.advertiser_address
        pdu = AdvertisingPdu(kind, address.is_random, bytes(address), packet.data)
        self._carry(sender_controller.name, bytes(pdu))


class _Advertiser(LegacyAdvertiser):
    """Bumble's legacy advertiser with non-connectable advertising, true intervals and advDelay."""

    chance: random.Random

    def start(self) -> None:
        self.stop()
        self.enabled = True
        # Not all at once: twenty beacons that are powered together must not fire together.
        self._fire_in(self.chance.uniform(0.0, self.advertising_interval_min * SLOT_S))

    def _fire_in(self, delay_s: float) -> None:
        self.timer_handle = asyncio.get_running_loop().call_later(delay_s, self._on_timer_fired)

    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        self._fire_in(self.advertising_interval_min * SLOT_S + self.chance.uniform(0.0, MOST_DELAY_S))

    def send_advertising_data(self) -> None:
        if self.advertising_type != _Types.ADV_NONCONN_IND:
            super().send_advertising_data()
        elif self.enabled:
            self.controller.send_advertising_pdu(ll.AdvNonConnInd(self.address, self.advertising_data))


class RadioController(Controller):
    """A controller that advertises into an `AirLink` and hears what `hear` is given.

    It speaks legacy advertising only, as beacons do; `chance` draws its advertising delays.
    """

    le_features: ClassVar[hci.LeFeatureMask] = Controller.le_features & ~(  # type: ignore[misc]
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )

    def __init__(self, name: str, *, link: LocalLink, chance: random.Random | None = None) -> None:
        super().__init__(name, link=link)
        self.le_legacy_advertiser = _Advertiser(self)
        self.le_legacy_advertiser.chance = chance or random.Random()

    def hear(self, pdu: AdvertisingPdu, rssi_dbm: int) -> None:
        """Report an advertisement to the host while it scans, at this strength."""
        if not self.le_scan_enable:
            return
        kinds = {
            ADV_IND: _Report.EventType.ADV_IND,
            ADV_NONCONN_IND: _Report.EventType.ADV_NONCONN_IND,
            ADV_SCAN_IND: _Report.EventType.ADV_SCAN_IND,
        }
        address_type = hci.Address.RANDOM_DEVICE_ADDRESS if pdu.is_random else hci.Address.PUBLIC_DEVICE_ADDRESS
        report = _Report.Report(
            event_type=kinds[pdu.kind],
            address_type=address_type,
            address=hci.Address(pdu.address, hci.AddressType(address_type)),
            data=pdu.data,
            rssi=rssi_dbm,
        )
        self.send_hci_packet(_Report([report]))
