"""Bodies of the requests and answers of `api/session.py`."""

from pydantic import Field

from cloud_broker.api.bodies.common import In, Out


class SignIn(In):
    """A name and password."""

    name: str = Field(max_length=63, examples=["manager"])
    password: str = Field(max_length=200, examples=["correct horse"])


class Person(Out):
    """Who is signed in."""

    name: str
    role: str
    stores: list[str]


class Hello(Out):
    """What answers here; `accounts` and `pages` are filled in the demo only."""

    product: str
    version: str
    demo: bool
    accounts: list[dict[str, str]]
    pages: list[dict[str, str]]
    languages: list[str]
    now_ms: int
