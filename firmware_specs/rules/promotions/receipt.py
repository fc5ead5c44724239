"""The lines of a receipt, one for each unit: what came off, why, and what the ledgers book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from firmware_specs.rules.promotions.model import Applied, Priced, PricedLine, Promotion, Use


@dataclass(slots=True)
class Line:
    """One unit on its way to its price; `applied` is promotion, number of the application, amount."""

    gtin: str
    charged_minor: int
    pays_minor: int
    applied: list[tuple[Promotion, int, int]] = field(default_factory=list)

    def apply(self, promotion: Promotion, application: int, off_minor: int) -> None:
        """Take something off."""
        self.pays_minor -= off_minor
        self.applied.append((promotion, application, off_minor))


def spread(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Return an amount in shares by weight, by largest remainder, the first where remainders are equal.

    No share is above its weight as long as the amount is not above their sum.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [amount_minor * weight // whole for weight in weights]
    left = amount_minor - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda place: -(amount_minor * weights[place] % whole))
    for place in by_remainder[:left]:
        shares[place] += 1
    return shares


def priced(op: str, lines: list[Line], texts: Mapping[str, dict[str, str]], *, is_exact: bool) -> Priced:
    """Return the receipt, its lines by GTIN and price, dearest first."""
    lines = sorted(lines, key=lambda line: (line.gtin, -line.charged_minor))
    total_minor = sum(line.pays_minor for line in lines)
    return Priced(
        op=op,
        lines=[
            PricedLine(
                gtin=line.gtin,
                price_minor=line.charged_minor,
                pays_minor=line.pays_minor,
                applied=[
                    Applied(
                        promotion=promotion.id,
                        application=application,
                        amount_minor=amount_minor,
                        text=texts[promotion.id],
                    )
                    for promotion, application, amount_minor in line.applied
                ],
            )
            for line in lines
        ],
        total_minor=total_minor,
        saving_minor=sum(line.charged_minor for line in lines) - total_minor,
        uses=_uses(op, lines),
        is_exact=is_exact,
    )


def _uses(op: str, lines: Iterable[Line]) -> list[Use]:
    totals: dict[str, tuple[Promotion, int, int]] = {}
    for line in lines:
        for promotion, application, amount_minor in line.applied:
            _, last, before_minor = totals.get(promotion.id, (promotion, 0, 0))
            # Applications are numbered from 1.
            totals[promotion.id] = (promotion, max(last, application), before_minor + amount_minor)
    return [
        Use(
            op_id=f"{op}/{name}",
            promotion=name,
            applications=applications,
            amount_minor=amount_minor,
            coupon=promotion.coupon,
        )
        for name, (promotion, applications, amount_minor) in sorted(totals.items())
    ]
