"""Items, people and shelves: right names, swaps caught, shelves read, and what one core carries."""

from typing import Final

import numpy as np

from tests.bench.frame import Goal, Report, Row, say
from tests.bench.items_baskets import asked
from tests.bench.items_grocery import caught, frozen, grocery, nearest, ours, right, seen
from tests.bench.items_live import people, shelves, together

NAME = "items"
ABOUT = "goods without a code, swaps in a basket, shelves against planograms, and all of it on one core"

_FRAMES: Final = 300
_SHELVES: Final = 12
_AISLES: Final = 200
_ITEMS: Final = 1_000


async def run() -> Report:
    """Measure."""
    data = grocery()
    model = ours()
    peer = frozen(data)
    say(f"our model on {len(data.val)} pictures of val")
    val, icons = seen(model, data.val), seen(model, data.catalogue)
    each = np.arange(len(data.family))
    swaps, base = (caught(one, data.val, data.family) for one in (val.chances, peer.chances))
    sure = right(val.chances[val.answered], tuple(np.array(data.val, object)[val.answered]), each)
    say("codes, presence and an item on one core")
    live = together(_FRAMES)
    say(f"{_ITEMS} honest items at a cart's scale, and as many of each kind of swap")
    scale = asked(_ITEMS)
    plain = "10 g and 5 %"
    say("people in generated aisles")
    seen_people = people(_AISLES)
    large, small = shelves(_SHELVES, 4000, 3000), shelves(_SHELVES, 2000, 1500)
    learnt = "val" in model.manifest.training.split("--epochs")[0].split()
    by = "logistic regression on frozen Lite0"
    rows = (
        Row("val, class right", "%", right(val.chances, data.val, each), by, peer.fine, Goal("ours", 90, 94)),
        Row("val, family right", "%", right(val.chances, data.val, data.family), by, peer.coarse, Goal("ours", 94, 97)),
        Row("a picture, median", "ms", val.ms, "Lite0 int8", peer.ms, Goal("ours", 10, more_is_better=False)),
        Row("weights", "MB", model.manifest.size / 1e6, goal=Goal("ours", 8, more_is_better=False)),
        Row("val, answered without asking", "%", float(val.answered.mean() * 100)),
        Row("    of these right", "%", sure),
        Row(
            "val, nearest of 81 catalogue pictures", "%", nearest(val.features, icons.features, data.val),
            "frozen Lite0", peer.one_shot, Goal("ours", 40, 55),
            limit="the model learnt these classes, catalogue pictures among them: no measure for new ones",
        ),
        Row("swaps caught at 1 % false alarms: any", "%", swaps.random, by, base.random, Goal("ours", 98.5, 99.5)),
        Row("    of one family", "%", swaps.sibling, by, base.sibling, Goal("ours", 88, 93)),
        Row("    any, with weight", "%", swaps.random_weighed, by, base.random_weighed, Goal("ours", 99.5, 99.9)),
        Row("    family, with weight", "%", swaps.sibling_weighed, by, base.sibling_weighed, Goal("ours", 93, 98)),
        Row("asked about at a scale, of 1,000: honest", "", scale.ours["honest"], plain, scale.tolerance["honest"]),
        Row("    swapped for any other", "", scale.ours["random"], plain, scale.tolerance["random"]),
        Row("    for one that weighs within 12 %", "", scale.ours["sibling"], plain, scale.tolerance["sibling"]),
        Row("    put in without a scan", "", scale.ours["unscanned"], plain, scale.tolerance["unscanned"]),
        Row("    from putting a swap in to the question, median", "s", scale.seconds),
        Row("codes 1080p, presence 720p and an item, one core", "fps", live.fps, goal=Goal("ours", 15, 30)),
        Row("    resident memory, frames included", "MB", live.rss_mb, goal=Goal("ours", 150, more_is_better=False)),
        Row(f"    growth over the last {_FRAMES * 9 // 10} frames", "MB", live.grown_mb),
        Row("    motion gate a frame", "ms", live.gate_ms, goal=Goal("ours", 3, more_is_better=False)),
        Row("    detector a look", "ms", live.detector_ms),
        Row(
            "near people found, where 5 % of empty aisles count as one", "%", seen_people.recall_at_5,
            goal=Goal("ours", 98),
            limit=f"one look each at {_AISLES} generated frames; drawn people before vivid packs, no photographs",
        ),
        Row("    at the product's own threshold, one look", "%", seen_people.recall),
        Row("    empty aisles that count as one then, before motion and a second look", "%", seen_people.false),
        Row("shelves of 12 MP: facings named rightly", "%", large.recall, goal=Goal("ours", 95, 99)),
        Row("    wrong slots that were so", "%", large.precision, goal=Goal("ours", 90, 97)),
        Row("    a photo", "s", large.seconds, goal=Goal("ours", 1, more_is_better=False)),
        Row("shelves of 3 MP: facings named rightly", "%", small.recall, goal=Goal("ours", 95, 99)),
        Row("    wrong slots that were so", "%", small.precision, goal=Goal("ours", 90, 97)),
        Row("    a photo", "s", small.seconds),
    )  # fmt: skip
    return Report(
        rows,
        (
            "val is 296 pictures of 60 of the 81 classes, from the shops of train",
            "the model has learnt val: its figures on it say nothing of new pictures"
            if learnt
            else "val was not learnt",
            f"weights in the swaps are drawn, 80 to 1,200 g, sigma 5 g; {_SHELVES} shelves of generated packs a size, "
            "no labelled photo of a real shelf could be had; no pictures of people are shared",
        ),
    )
