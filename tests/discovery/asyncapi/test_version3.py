"""AsyncAPI 3: what its traits and operations say."""

from eventkit.discovery.asyncapi import read


def test_what_an_object_says_goes_before_its_traits_and_the_last_one_before_the_others() -> None:
    (found,) = read(
        b"""
asyncapi: 3.1.0
info: {title: shop, version: 1.0.0}
channels:
  a:
    address: a.b
    messages:
      M:
        payload: true
        description: own
        traits:
          - {description: first, summary: first, x-eventkit-version: 2, x-eventkit-key: id}
          - {summary: last, x-eventkit-version: 3, x-eventkit-closed: true}
operations:
  send:
    action: send
    channel: {$ref: '#/channels/a'}
    traits: [{x-eventkit-function: publish}]
""",
        "shop.yaml",
    ).publishes

    assert (found.description, found.event.version, found.key, found.closed) == ("own", 3, "id", True)
    assert found.function == "publish"
