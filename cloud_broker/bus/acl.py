"""Who may say what to a broker. Mosquitto's `%u` is the common name of the client's certificate.

Names starting with `cloud-` belong to the cloud's own processes; enrolment never issues one to a device.
"""

CLOUD_PREFIX = "cloud-"


def cloud_acl(cloud_clients: tuple[str, ...]) -> str:
    """Return the rights at the cloud's broker: each device speaks only as itself."""
    cloud = "".join(f"user {name}\ntopic readwrite aisle/#\n\n" for name in cloud_clients)
    return cloud + (
        "pattern write aisle/1/d/%u/s\n"
        "pattern write aisle/1/d/%u/u/#\n"
        "pattern read aisle/1/d/%u/n/#\n"
        "pattern read aisle/1/g/#\n"
    )


def local_acl(gateway: str) -> str:
    """Return the rights at a store-local broker: all read, each device says its own, the gateway the rest."""
    return (
        f"user {gateway}\ntopic readwrite aisle/1/l/#\n\npattern write aisle/1/l/+/d/%u/#\npattern read aisle/1/l/#\n"
    )
