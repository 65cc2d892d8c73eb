"""Make the transport configuration of the settings' Stash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import UsageError
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    import httpx

    from stash.settings import Settings


def transport_config(
    settings: Settings, transport: httpx.AsyncBaseTransport | None, *, connect_patience: float
) -> TransportConfig:
    """Return how Stash is reached. `connect_patience` is in seconds.

    Raises:
        UsageError: no Stash is named.
    """
    if settings.url is None:
        raise UsageError("No Stash is named; set STASH_URL to its address, such as http://localhost:9999.")
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    return TransportConfig(
        settings.url,
        key,
        settings.ca_file,
        patience=settings.patience,
        connect_patience=connect_patience,
        transport=transport,
    )
