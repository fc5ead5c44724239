"""The truth of a virtual store: who is where, and what each camera sees. Pure; time and seed come in.

An entity is a frozen value. `advance` brings it to an instant, `pose` and `in_view` read it there;
`walk`, `show` and `steer_itself` return a changed one. Two worlds of one seed that are asked the same
things tell the same story.
"""

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from device_drivers.virtual.chance import generator, uniforms
from device_drivers.virtual.floor import XY, Floor
from firmware_specs.desired import Site
from firmware_specs.gtin import normal

WALK_MPS = 0.9
SEES_M = 5.0
"""How far a device's camera sees people; farther off they are behind shelves."""

HOLD_S = 3.0
"""How long a product is held to the camera when a cart walks by itself."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where something is: metres in the store's frame, radians from the x axis towards y."""

    x_m: float
    y_m: float
    heading_rad: float
    moving: bool


@dataclass(frozen=True, slots=True)
class Goods:
    """A product that can be held to a camera; `gtin` has 14 digits."""

    gtin: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Product:
    """What a camera has in front of it; `seed` differs each time something is shown, and makes the picture."""

    gtin: str
    name_en: str
    name_zh: str
    seed: int


@dataclass(frozen=True, slots=True)
class Walking:
    """Along a path at a steady speed, from an instant on."""

    path: tuple[XY, ...]
    speed_mps: float
    start_s: float

    @property
    def end_s(self) -> float:
        """When the end of the path is reached."""
        length_m = sum(math.dist(a, b) for a, b in zip(self.path, self.path[1:], strict=False))
        return self.start_s + length_m / self.speed_mps

    def pose(self, at_s: float) -> Pose:
        """Return the place at an instant; before the start and after the end, the path's ends."""
        left_m = max(0.0, at_s - self.start_s) * self.speed_mps
        heading = 0.0
        for a, b in zip(self.path, self.path[1:], strict=False):
            length_m = math.dist(a, b)
            if length_m == 0.0:
                continue
            heading = math.atan2(b[1] - a[1], b[0] - a[0])
            if left_m < length_m:
                share = left_m / length_m
                return Pose(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), heading, moving=True)
            left_m -= length_m
        return Pose(*self.path[-1], heading, moving=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """In one place until an instant, perhaps with a product before the camera."""

    at: XY
    heading_rad: float
    start_s: float
    end_s: float = math.inf
    product: Product | None = None

    def pose(self, _at_s: float) -> Pose:
        """Return the place."""
        return Pose(*self.at, self.heading_rad, moving=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody before a camera: `across` is 0 at the left edge of the picture and 1 at the right; `seed` who it is."""

    across: float
    distance_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A product that somebody holds to the camera until an instant."""

    product: Product
    end_s: float


@dataclass(frozen=True, slots=True)
class Entity:
    """One moving thing; `chapter` counts what it has done by itself."""

    id: str
    is_auto: bool
    chapter: int
    showings: int
    doing: Walking | Standing
    shown: Shown | None = None
    walks: bool = False
    """Whether it ever went anywhere: then somebody pushes it."""


@dataclass(frozen=True)
class World:
    """A store, its goods and the seed of all that happens."""

    site: Site
    goods: tuple[Goods, ...]
    seed: int

    @cached_property
    def floor(self) -> Floor:
        """Where one can walk."""
        return Floor(self.site)


def born(world: World, entity: str, *, is_auto: bool, at_s: float) -> Entity:
    """Return a new entity at the entrance; one that steers itself sets off within two seconds."""
    across, along, wait, _ = uniforms(world.seed, "birth", entity)
    corners = next((zone.polygon for zone in world.site.zones if zone.id == "entrance"), [])
    middle = (
        sum(corner.x_m for corner in corners) / len(corners) if corners else 1.0,
        sum(corner.y_m for corner in corners) / len(corners) if corners else 1.0,
    )
    at = world.floor.nearest_free((middle[0] + 2 * across - 1, middle[1] + 2 * along - 1))
    end_s = at_s + 2 * wait if is_auto else math.inf
    return Entity(entity, is_auto, 0, 0, Standing(at, math.pi / 2, at_s, end_s), walks=is_auto)


def advance(world: World, entity: Entity, at_s: float) -> Entity:
    """Return the entity as it is at an instant: what has ended is followed by what comes next."""
    while entity.doing.end_s <= at_s:
        entity = _next(world, entity)
    if entity.shown is not None and entity.shown.end_s <= at_s:
        entity = replace(entity, shown=None)
    return entity


def pose(entity: Entity, at_s: float) -> Pose:
    """Return where an advanced entity is."""
    return entity.doing.pose(at_s)


def in_view(entity: Entity) -> Product | None:
    """Return what an advanced entity's camera has in front of it."""
    if entity.shown is not None:
        return entity.shown.product
    return entity.doing.product if isinstance(entity.doing, Standing) else None


def before(entity: Entity, others: Iterable[Entity], at_s: float) -> tuple[Person, ...]:
    """Return who of the others stands before a device's camera: within `SEES_M`, wherever that is.

    A device at the wall looks at who comes: its camera turns with nobody, so directions say only left and right.
    """
    here = pose(entity, at_s)
    people = []
    for other in others:
        there = pose(other, at_s)
        away_m = math.dist((here.x_m, here.y_m), (there.x_m, there.y_m))
        if other.walks and away_m <= SEES_M:
            across = 0.5 + 0.35 * math.sin(math.atan2(there.y_m - here.y_m, there.x_m - here.x_m))
            people.append(Person(across, max(1.0, away_m), zlib.crc32(other.id.encode())))
    return tuple(people)


def walk(world: World, entity: Entity, path: list[XY], speed_mps: float, at_s: float) -> Entity:
    """Return the entity on its way through these points, round shelves; it no longer steers itself.

    Raises ValueError on an empty path, a point off the site or a speed outside 0.05 to 3 m/s.
    """
    if not path or len(path) > 100:
        raise ValueError(f"a path of {len(path)} points: 1 to 100 are allowed")
    if not 0.05 <= speed_mps <= 3.0:
        raise ValueError(f"speed {speed_mps} m/s: 0.05 to 3 is allowed")
    here = pose(entity, at_s)
    corners: list[XY] = [(here.x_m, here.y_m)]
    for x_m, y_m in path:
        if not (0 <= x_m <= world.site.width_m and 0 <= y_m <= world.site.height_m):
            raise ValueError(f"point ({x_m}, {y_m}) m is off the site")
        corners.extend(world.floor.route(corners[-1], (x_m, y_m)))
    return replace(entity, is_auto=False, doing=Walking(tuple(corners), speed_mps, at_s), walks=True)


def show(world: World, entity: Entity, gtin: str, seconds: float, at_s: float) -> Entity:
    """Return the entity with a product held to its camera; a code that the store does not sell has no name.

    Raises GtinError on digits that are no GTIN, ValueError on a time outside 0 to 600 s.
    """
    if not 0 < seconds <= 600:
        raise ValueError(f"showing for {seconds} s: more than 0 and at most 600 is allowed")
    wanted = normal(gtin)
    goods = next((one for one in world.goods if one.gtin == wanted), Goods(wanted, "", ""))
    product = _product(world, entity, goods)
    return replace(entity, showings=entity.showings + 1, shown=Shown(product, at_s + seconds))


def steer_itself(entity: Entity, on: bool, at_s: float) -> Entity:
    """Return the entity walking round the aisles by itself from now on, or staying where it is."""
    if on == entity.is_auto:
        return entity
    here = pose(entity, at_s)
    end_s = at_s if on else math.inf
    return replace(entity, is_auto=on, doing=Standing((here.x_m, here.y_m), here.heading_rad, at_s, end_s))


def _next(world: World, entity: Entity) -> Entity:
    now_s = entity.doing.end_s
    here = pose(entity, now_s)
    at = (here.x_m, here.y_m)
    if not entity.is_auto:
        return replace(entity, doing=Standing(at, here.heading_rad, now_s))
    draw = generator(world.seed, "chapter", entity.id, entity.chapter)
    entity = replace(entity, chapter=entity.chapter + 1)
    if isinstance(entity.doing, Standing):
        fronts = world.floor.shelf_fronts
        goal = draw.choice(fronts) if fronts else (world.site.width_m / 2, world.site.height_m / 2)
        path = world.floor.route(at, goal)
        if math.dist(path[0], path[-1]) > 0.1:
            return replace(entity, doing=Walking(path, WALK_MPS * draw.uniform(0.85, 1.15), now_s))
    if world.goods and draw.random() < 0.7:
        product = _product(world, entity, draw.choice(world.goods))
        standing = Standing(at, world.floor.facing(at), now_s, now_s + HOLD_S, product)
        return replace(entity, showings=entity.showings + 1, doing=standing)
    return replace(entity, doing=Standing(at, here.heading_rad, now_s, now_s + draw.uniform(0.5, 3.0)))


def _product(world: World, entity: Entity, goods: Goods) -> Product:
    seed = generator(world.seed, "picture", entity.id, entity.showings).getrandbits(31)
    return Product(goods.gtin, goods.name_en, goods.name_zh, seed)
