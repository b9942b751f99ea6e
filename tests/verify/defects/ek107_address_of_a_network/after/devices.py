"""The publisher, after: devices may have addresses of either version of the protocol."""

from ipaddress import IPv4Address, IPv6Address

from eventkit import Event, Service

devices = Service("devices")


class DeviceJoined(Event, type="device.joined"):
    address: IPv4Address | IPv6Address  # EK107


@devices.publisher
async def publish_device_joined() -> DeviceJoined: ...
