"""The arguments of `cloud-broker pricebook …` and `cloud-broker basket price`; `command` carries them out."""

import argparse
from collections.abc import Callable
from typing import Any


def price_commands(sub: Any, add: Callable[..., argparse.ArgumentParser], run_it: Callable[..., int]) -> None:
    """Add the commands to a parser: `add` makes one, `run_it` is what each calls."""
    book = sub.add_parser("pricebook", help="price books").add_subparsers(dest="deed", required=True)
    build = add("build", "make a signed book from a list (CSV or JSON), as a folder", run_it, book)
    build.add_argument("list")
    build.add_argument("--out", required=True, help="the folder")
    build.add_argument("--before", help="the folder of the book before: floors and the delta follow from it")
    build.add_argument("--store", default="demo")
    build.add_argument("--currency", default="CNY")
    build.add_argument("--effective-ms", type=int, help="UTC milliseconds; now when not given")
    build.add_argument("--skip-rejected", action="store_true", help="leave wrong rows out")
    diff = add("diff", "what differs between two books (folders)", run_it, book)
    diff.add_argument("before")
    diff.add_argument("now")
    show = add("show", "what is in a book (folder)", run_it, book)
    show.add_argument("folder")
    show.add_argument("--find", help="words of names, category or GTIN")
    show.add_argument("--limit", type=int, default=20)
    bring = add("import", "take a list (CSV or JSON) into a store, and publish it as a book", run_it, book)
    bring.add_argument("list")
    bring.add_argument("--store", required=True)
    back = add("rollback", "make an earlier book the store's own again", run_it, book)
    back.add_argument("--store", required=True)
    back.add_argument("--version", type=int, required=True)
    for one in (build, diff, show, bring, back):
        one.add_argument("--json", action="store_true", help="print JSON (always so)")
    basket = sub.add_parser("basket", help="what baskets cost").add_subparsers(dest="deed", required=True)
    price = add("price", "price a basket under promotions, both from one JSON file", run_it, basket)
    price.add_argument("file", help="basket, promotions, rows, scans, codes: PriceRequest in messages.schema.json")
    price.add_argument("--json", action="store_true", help="print JSON (always so)")
