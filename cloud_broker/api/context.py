"""What every request handler needs, made once at start."""

from dataclasses import dataclass
from typing import Annotated

import anyio.from_thread
from fastapi import Depends, Request
from sqlalchemy import Engine

from cloud_broker.live import LiveHub, Notice
from cloud_broker.prices.current import Library
from cloud_broker.prices.running import Imports
from cloud_broker.projector.run import Projector
from cloud_broker.readings.embedded import EmbeddedReadings
from cloud_broker.registry.authority import Keys
from cloud_broker.registry.desired import Dispatcher, Publisher
from cloud_broker.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The cloud's parts, as handlers see them."""

    settings: Settings
    engine: Engine
    keys: Keys
    publisher: Publisher
    dispatcher: Dispatcher
    hub: LiveHub
    projector: Projector
    readings: EmbeddedReadings
    library: Library
    imports: Imports

    def send(self) -> None:
        """Have what was committed published now; called from a handler's thread."""
        anyio.from_thread.run_sync(self.dispatcher.poke)

    def tell(self, notice: Notice) -> None:
        """Tell the pages; called from a handler's thread."""
        anyio.from_thread.run_sync(self.hub.publish, [notice])


def context_of(request: Request) -> Context:
    """Return the context of the running app."""
    context: Context = request.app.state.context
    return context


Cloud = Annotated[Context, Depends(context_of)]
