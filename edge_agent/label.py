"""`edge-agent label`: one label by hand. `render` draws it without any radio."""

import json
import sys
from pathlib import Path

from vision.labels.content import LabelContent, content_from
from vision.labels.render import render as rendered
from vision.labels.template import Template, TemplateError, built_in, built_in_names, json_schema, parse_template
from vision.wire import Layout, Wire, pack

LAYOUTS = {"planar": Layout.PLANAR, "2bpp": Layout.TWO_BITS, "4bpp": Layout.FOUR_BITS}


def render(template: str, data: str, out: Path, wire: Wire | None, *, as_json: bool) -> int:
    """Draw a label and write it as PNG, as its panel takes it, or without a wire as labels take it over the air."""
    try:
        made, content = _template(template), _content(data)
        image = rendered(made, content)
        if out.suffix.lower() == ".png":
            written = image.png()
        else:
            written = bytes(image.as_object()) if wire is None else pack(image, made.panel, wire)
        out.write_bytes(written)
    except (OSError, ValueError) as exc:
        print(f"edge-agent label render: {exc}", file=sys.stderr)
        return 2
    if as_json:
        said = {"file": str(out), "bytes": len(written), "panel": str(made.panel), "template": made.digest}
        print(json.dumps(said | {"gtin": content.gtin, "code": "reads back"}))
    else:
        print(f"{out}: {len(written):,} bytes for a panel of {made.panel}; its code reads back as {content.gtin}")
    return 0


def templates(*, schema: bool) -> int:
    """Print the templates that come along, or the JSON Schema that they follow."""
    if schema:
        print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
        return 0
    for name in built_in_names():
        made = built_in(name)
        print(f"{name:<14} {made.panel!s:<14} {made.title.get('en') or next(iter(made.title.values()))}")
    return 0


def _template(said: str) -> Template:
    # A file, or the name of one that comes along.
    if said in built_in_names():
        return built_in(said)
    file = Path(said)
    if not file.is_file():
        raise TemplateError(
            f"{said}: no such file, and no template of that name: there are {', '.join(built_in_names())}"
        )
    try:
        return parse_template(file.read_bytes())
    except TemplateError as exc:
        raise TemplateError(f"{said}: {exc}") from exc


def _content(said: str) -> LabelContent:
    text = sys.stdin.read() if said == "-" else Path(said).read_text("utf-8")
    try:
        return content_from(json.loads(text))
    except ValueError as exc:
        raise ValueError(f"{said}: {exc}") from exc
