"""`edge-agent`: run a device, enrol a new one, ask one how it is. Each command imports only what it needs."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

READER_LEFT: Final = 141
"""The status of a command whose reader went away, as `head` does: that of a shell's own, 128 and SIGPIPE."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 1 when it failed, 2 when it was asked wrongly."""
    try:
        status = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nothing more can be said there: the interpreter's own last flush would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT
    return status


def _main(arguments: Sequence[str] | None) -> int:
    # Small matrices, many devices: a second thread of the linear algebra costs more than it brings. Before numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr if options.command in ("locate", "scan", "survey") else sys.stdout,
        level=options.log.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # They tell of every request; what matters of it we say ourselves.
    for name in ("httpx", "httpcore", "bumble", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    match options.command:
        case "run":
            return _run(options.config)
        case "enrol":
            return _enrol(options)
        case "pricebook":
            from edge_agent.pricebook import run

            source = options.folder if options.deed == "apply" else None
            return run(options.deed, options.into, source, options.gtin if options.deed == "lookup" else ())
        case "labels":
            from edge_agent.labels import simulate

            return simulate(options.labels, options.loss, options.seed, options.way, as_json=options.json)
        case "label":
            return _label(options)
        case "locate":
            from edge_agent.locate import run as locate

            return locate(options.site, options.survey, options.config, sys.stdin, sys.stdout)
        case "scan":
            from edge_agent.scan import run as scan

            return scan(
                options.seconds, hci=options.hci, played=options.played, kept=options.out, out=sys.stdout,
                as_json=options.json,
            )  # fmt: skip
        case "read-codes":
            from edge_agent.read_codes import run as read

            return read(options.files, sys.stdout, as_json=options.json, budget_ms=options.budget_ms, sold=options.sold)
        case "recognise":
            from edge_agent.recognise import recognise

            return recognise(options.files, sys.stdout, models=_models(options), as_json=options.json)
        case "detect":
            from edge_agent.recognise import detect

            return detect(options.files, sys.stdout, models=_models(options), least=options.least, as_json=options.json)
        case "audit":
            from edge_agent.audit import run as audit

            return audit(
                options.photo, options.planogram, sys.stdout, products=options.products, unit=options.unit,
                as_json=options.json,
            )  # fmt: skip
        case "models":
            from edge_agent.models import run as models

            return models(options.deed, _models(options), sys.stdout, as_json=options.json, key=options.key)
        case "generate-frames":
            from edge_agent.generate import run as generate

            return generate(
                options.kind, options.seed, options.count, options.out, options.size, sys.stdout,
                sold=options.sold, is_stocked=options.stocked,
            )  # fmt: skip
        case "site":
            from edge_agent.site import run as site

            return site(
                options.source, options.to, sys.stdout, level=options.level, origin=options.origin,
                venue=options.venue, grid=options.grid, in_metres=options.metres,
            )  # fmt: skip
        case "survey":
            from edge_agent.survey import run as survey

            return survey(
                options.site, options.survey, options.check, options.map, sys.stdout,
                has_wheels=options.wheels, as_json=options.json,
            )  # fmt: skip
        case _:
            return _status(options.config, as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge-agent", description="One device of a store.")
    parser.add_argument("--log", default="info", choices=("debug", "info", "warning", "error"), help="how much is said")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="be the device")
    run.add_argument("--config", type=Path, required=True, help="its agent.toml")
    enrol = commands.add_parser("enrol", help="redeem a claim code for a new device's identity")
    enrol.add_argument("--cloud", required=True, help="URL of the cloud")
    enrol.add_argument("--claim", required=True, help="the code that the tech page shows")
    enrol.add_argument("--folder", type=Path, required=True, help="where the device's keys and settings go")
    enrol.add_argument("--virtual-world", metavar="HOST:PORT", help="give it virtual drivers in this world")
    enrol.add_argument("--http-port", type=int, default=0, help="port of its pages; 0 takes a free one")
    status = commands.add_parser("status", help="ask a running device how it is")
    status.add_argument("--config", type=Path, required=True, help="its agent.toml")
    status.add_argument("--json", action="store_true", help="print its whole state")
    book = commands.add_parser("pricebook", help="price books on this machine's disk")
    deeds = book.add_subparsers(dest="deed", required=True)
    apply = deeds.add_parser("apply", help="take a signed book from a folder that `pricebook build` made")
    apply.add_argument("folder", type=Path)
    lookup = deeds.add_parser("lookup", help="what products cost, one JSON line each")
    lookup.add_argument("gtin", nargs="+", help="GTIN-8, -12, -13 or -14")
    for one in (apply, lookup):
        one.add_argument("--into", type=Path, default=Path(".aisle/pricebook"), help="where books are kept")
        one.add_argument("--json", action="store_true", help="print JSON (always so)")
    locate = commands.add_parser(
        "locate", help="where a device is: packets and questions as JSON lines in, answers out"
    )
    locate.add_argument("--site", type=Path, required=True, help="SITE.json: levels, walls, beacons, zones")
    locate.add_argument("--survey", type=Path, help="SURVEY.json: what was heard where")
    locate.add_argument("--config", type=Path, help="a TOML file of constants that are to be otherwise")
    read = commands.add_parser("read-codes", help="the codes in pictures, videos and folders of them")
    read.add_argument("files", nargs="+", metavar="FILE", help="a picture, a video or a folder")
    read.add_argument("--json", action="store_true", help="print JSON, a line for each picture")
    read.add_argument(
        "--budget-ms", type=float, help="after so long no further search is begun; 60 for a frame, else 400"
    )
    read.add_argument("--sold", type=Path, help="what the store sells, a GTIN a line: its codes need not be as clear")
    _model_doors(commands)
    made = commands.add_parser("generate-frames", help="pictures as a cart's camera sees them, and what is in them")
    made.add_argument("--seed", type=int, required=True, help="of everything that is drawn")
    made.add_argument("--kind", choices=("codes", "shelf", "presence"), default="codes", help="of what")
    made.add_argument("--count", type=int, required=True, help="how many")
    made.add_argument("--out", type=Path, required=True, help="the folder that they go into")
    made.add_argument("--size", default="1920x1080", metavar="WIDTHxHEIGHT", help="pixels of a frame")
    made.add_argument("--sold", type=Path, help="for shelves: the products' names and GTINs, as JSON")
    made.add_argument("--stocked", action="store_true", help="for shelves: the same bays, with all in its place")
    site = commands.add_parser("site", help="a map of another maker into SITE.json, or SITE.json into IMDF")
    site.add_argument("source", type=Path, help="an IMDF archive or folder, a .geojson, or SITE.json")
    site.add_argument("--to", type=Path, required=True, help="SITE.json, or an IMDF archive (.zip)")
    site.add_argument("--level", default="floor", help="what to call a level of plain GeoJSON")
    site.add_argument("--metres", action="store_true", help="the GeoJSON is in metres of the site's own frame")
    site.add_argument("--origin", help="longitude,latitude,bearing of the site's frame, degrees")
    site.add_argument("--venue", help="for IMDF: name;address;place;country")
    site.add_argument("--grid", type=Path, help="an occupancy grid (map_server's YAML), as blocked cells of the level")
    scan = commands.add_parser("scan", help="which beacons are heard here, and how much of what they say")
    scan.add_argument("--seconds", type=float, default=20.0, help="how long to listen")
    scan.add_argument("--hci", metavar="TRANSPORT", help="a controller without the system's stack: usb:0, hci-socket:0")
    scan.add_argument("--from", dest="played", type=Path, help="read a recording instead of the air")
    scan.add_argument("--out", type=Path, help="keep a recording of what is heard")
    scan.add_argument("--json", action="store_true", help="print JSON, a line for each beacon")
    survey = commands.add_parser("survey", help="how well devices will know where they are, and what would help")
    survey.add_argument("--site", type=Path, required=True, help="SITE.json: levels, walls, beacons, zones")
    survey.add_argument("--survey", type=Path, help="SURVEY.json: what was heard where")
    survey.add_argument("--check", type=Path, help="a walk in the form of SURVEY.json, to judge answers by its track")
    survey.add_argument("--wheels", action="store_true", help="devices have odometry")
    survey.add_argument("--map", type=Path, help="draw the first level into this SVG file")
    survey.add_argument("--json", action="store_true", help="print JSON")
    _label_doors(commands.add_parser("label", help="one shelf label by hand"))
    labels = commands.add_parser("labels", help="shelf labels")
    tried = labels.add_subparsers(dest="deed", required=True)
    air = tried.add_parser("simulate", help="reprice a whole shop on the air, in virtual time")
    air.add_argument("--labels", type=int, default=10_000, help="how many hang there, up to 32,000")
    air.add_argument(
        "--loss", type=float, default=0.03, help="that a packet is lost, in each direction; bursts come on top"
    )
    air.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    air.add_argument("--way", default="each", choices=("each", "together", "blindly"), help="how they are told")
    air.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _model_doors(commands: Any) -> None:
    for name, about in (
        ("recognise", "name the item in each picture, or say that a person must be asked"),
        ("detect", "people and goods in pictures, with boxes"),
    ):
        seen = commands.add_parser(name, help=about)
        seen.add_argument("files", nargs="+", metavar="FILE", help="a picture or a folder of them")
        seen.add_argument("--models", type=Path, help="a folder of models in place of those that come along")
        seen.add_argument("--json", action="store_true", help="print JSON, a line for each picture")
        if name == "detect":
            seen.add_argument("--least", type=float, help="the probability below which nothing is said")
    audit = commands.add_parser("audit", help="a photo of a shelf against its planogram")
    audit.add_argument("photo", type=Path, help="the whole bay, from the front")
    audit.add_argument("planogram", type=Path, help="CSV, or PSA of a space planner")
    audit.add_argument("--products", type=Path, help="pictures of fronts, GTIN.png, where the planogram names none")
    audit.add_argument("--unit", choices=("in", "cm", "mm"), default="in", help="what a PSA file measures in")
    audit.add_argument("--json", action="store_true", help="print JSON")
    models = commands.add_parser("models", help="the models that look at pictures: what they are, and are they whole")
    deeds = models.add_subparsers(dest="deed", required=True)
    for name, about in (
        ("list", "what each is for, takes, may be used for, and how good it is"),
        ("verify", "compare hash, input and outputs with the manifest, and with --key the signature"),
        ("sign", "vouch for each model with a private key"),
    ):
        deed = deeds.add_parser(name, help=about)
        deed.add_argument("--models", type=Path, help="a folder of models in place of those that come along")
        deed.add_argument("--key", type=Path, help="a PEM file: public to verify, private to sign (Ed25519)")
        deed.add_argument("--json", action="store_true", help="print JSON, a line for each model")


def _models(options: argparse.Namespace) -> Path:
    from vision.runtime import SHIPPED

    chosen: Path | None = options.models
    return SHIPPED if chosen is None else chosen


def _label_doors(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True)
    render = deeds.add_parser("render", help="draw a label, and read its code back from the pixels")
    render.add_argument("template", help="a template's file, or the name of one that comes along")
    render.add_argument("data", help="a JSON file with what the label says; - for standard input")
    render.add_argument("--out", type=Path, required=True, help="FILE.png for people, any other for a panel")
    render.add_argument(
        "--layout",
        default="planar",
        choices=("planar", "2bpp", "4bpp", "object"),
        help="how pixels lie in bytes; object is what load takes",
    )
    render.add_argument(
        "--zlib", type=int, default=0, metavar="WINDOW", help="compressed, with a window of 9 to 15 bits"
    )
    render.add_argument("--rotate", type=int, default=0, choices=(0, 90, 180, 270), help="turned clockwise")
    render.add_argument("--mirror", action="store_true", help="left and right change places")
    render.add_argument("--lsb-first", action="store_true", help="the leftmost pixel is the least significant")
    render.add_argument("--white-is-one", action="store_true", help="in the plane for black, a set bit is white")
    render.add_argument("--json", action="store_true", help="print JSON")
    for deed, about in (
        ("provision", "find a label, pair, give it its place and keys, and say what it is"),
        ("load", "write a picture into a slot; the panel does not change"),
        ("show", "show the picture of a slot"),
        ("ping", "ask a label how it is"),
    ):
        by_hand = deeds.add_parser(deed, help=about)
        by_hand.add_argument("address", help="its Bluetooth address, as F0:00:00:00:00:01")
        by_hand.add_argument(
            "--transport", default="gatt", choices=("gatt", "sim"), help="Bluetooth, or a virtual label"
        )
        by_hand.add_argument(
            "--folder", type=Path, default=Path(".aisle/labels"), help="where places and keys are kept"
        )
        by_hand.add_argument("--json", action="store_true", help="print JSON")
        if deed in ("load", "show"):
            by_hand.add_argument("--slot", type=int, default=0, help="which of its images, from 0")
        if deed == "load":
            by_hand.add_argument("image", type=Path, help="what `render --layout object` wrote")
    templates = deeds.add_parser("templates", help="the templates that come along")
    templates.add_argument("--schema", action="store_true", help="print the JSON Schema that templates follow")


def _label(options: argparse.Namespace) -> int:
    from edge_agent.label import LAYOUTS, render, templates
    from vision.wire import Wire

    if options.deed == "templates":
        return templates(schema=options.schema)
    if options.deed != "render":
        from edge_agent.label_link import run

        return run(
            options.deed,
            options.address,
            options.transport,
            options.folder,
            as_json=options.json,
            slot=getattr(options, "slot", 0),
            image=getattr(options, "image", None),
        )
    try:
        wire = Wire(
            LAYOUTS.get(options.layout, LAYOUTS["planar"]),
            lsb_first=options.lsb_first,
            black_is_zero=options.white_is_one,
            rotated_deg=options.rotate,
            mirrored=options.mirror,
            zlib_window=options.zlib,
        )
    except ValueError as exc:
        return _wrong(str(exc))
    as_object = options.layout == "object"
    return render(options.template, options.data, options.out, None if as_object else wire, as_json=options.json)


def _run(config: Path) -> int:
    from edge_agent.settings import SettingsError, read_settings

    try:
        settings = read_settings(config)
        import anyio

        from edge_agent.agent import run_agent

        def ready(address: str) -> None:
            # One line for the program that started us.
            print(json.dumps({"ready": True, "device": settings.device.id, "url": address}), flush=True)

        anyio.run(run_agent, settings, ready)
    except SettingsError as exc:
        return _wrong(str(exc))
    return 0


def _enrol(options: argparse.Namespace) -> int:
    from edge_agent.enrol import EnrolError, enrol

    try:
        config = enrol(
            options.cloud,
            options.claim,
            options.folder,
            virtual_world=options.virtual_world,
            http_port=options.http_port,
        )
    except EnrolError as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 1
    print(f"enrolled; its key, certificate and settings are in {config.parent}")
    print(f"start it: edge-agent run --config {config}")
    return 0


def _status(config: Path, *, as_json: bool) -> int:
    import httpx

    from edge_agent.settings import SettingsError, read_settings

    try:
        settings = read_settings(config)
    except SettingsError as exc:
        return _wrong(str(exc))
    try:
        address = (settings.device.folder / "http.url").read_text("utf-8").strip()
        state = httpx.get(f"{address}/api/state", timeout=5).raise_for_status().json()
    except (OSError, ValueError, httpx.HTTPError) as exc:
        print(f"edge-agent: {settings.device.id} does not answer, is it running? {exc}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(state, ensure_ascii=False, indent=2))
        return 0
    health = state["health"]
    drivers = ", ".join(f"{name} {how}" for name, how in health["drivers"].items()) or "none"
    print(f"{state['device']} ({state['kind']} of store {state['store']}) at {address}/")
    print(f"cloud {'linked' if state['online'] else 'away'}, store {'linked' if state['local_online'] else 'away'}")
    print(f"waiting {health['outbox_depth']}, dropped {health['dropped']}, up {health['uptime_s']:.0f} s")
    print(f"drivers: {drivers}")
    for fault, detail in state["faults"].items():
        print(f"fault {fault}: {detail}")
    return 0


def _wrong(message: str) -> int:
    print(f"edge-agent: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
