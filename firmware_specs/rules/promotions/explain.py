"""Why a unit costs what it costs: a sentence for each way in which a promotion can touch it."""

from firmware_specs.rules.promotions.model import AtLeast, Bundle, BuyGet, BuyGetOther, CartOff, EachUnit, Promotion

LANGUAGES = ("en", "zh")


def text(promotion: Promotion) -> dict[str, str]:
    """Return the promotion's name and what it asks for, by language."""
    english, chinese = _terms(promotion)
    name = promotion.name
    return {"en": f"{name.get('en', promotion.id)}: {english}", "zh": f"{name.get('zh', promotion.id)}：{chinese}"}


def _terms(promotion: Promotion) -> tuple[str, str]:
    match promotion.rule:
        case EachUnit():
            return "on each unit", "每件优惠"
        case BuyGet(buy=buy, get=get):
            return f"of {buy + get} units the {get} cheapest reduced", f"每{buy + get}件中价格最低的{get}件优惠"
        case BuyGetOther(buy=buy, get=get):
            bought = sum(part.quantity for part in buy)
            return f"{get.quantity} reduced for {bought} bought", f"买{bought}件，另{get.quantity}件优惠"
        case Bundle(parts=parts):
            size = sum(part.quantity for part in parts)
            return f"{size} units together for one price", f"{size}件组合价"
        case AtLeast(tiers=tiers):
            least = min(tier.quantity for tier in tiers)
            return f"{least} units or more, each reduced", f"满{least}件，每件优惠"
        case CartOff():
            return "the unit's share of what comes off the basket", "整单优惠分摊到本件"
