"""The subscriber, which stays as it is."""

from ipaddress import IPv4Address

from eventkit import Event, Service

firewall = Service("firewall")


class DeviceJoined(Event, type="device.joined"):
    address: IPv4Address  # EK107


@firewall.handler
async def handle_device_joined(event: DeviceJoined) -> None: ...
