"""The publisher, before."""

from ipaddress import IPv4Address

from eventkit import Event, Service

devices = Service("devices")


class DeviceJoined(Event, type="device.joined"):
    address: IPv4Address


@devices.publisher
async def publish_device_joined() -> DeviceJoined: ...
