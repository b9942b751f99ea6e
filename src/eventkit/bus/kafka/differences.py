"""Whether topics that exist are as the settings say, as far as settings were given."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from eventkit.bus.kafka.layout import DAY, Layout
from eventkit.contract.errors import ConfigurationError

RETENTION: Final = "retention.ms"
POLICY: Final = "cleanup.policy"
_FOR_EVER: Final = "-1"

logger = logging.getLogger("eventkit.bus.kafka")


async def require_as_given(admin: AIOKafkaAdminClient, layout: Layout, topics: Mapping[str, Sequence[int]]) -> None:
    """Compare topics with the settings.

    A setting that was not given is for topics that are made, and fits every other one. What the brokers do not tell
    fits, too: some that resemble Kafka do not know what it is, and a user may lack the right to ask. What loses events
    never fits.

    Args:
        admin: Asks the brokers.
        layout: The settings.
        topics: For each topic that exists, how many replicas each of its partitions has.

    Raises:
        ConfigurationError: A topic is another one than the settings say; with all that differs.
    """
    configs = await _configs(admin, topics)
    untold = [each for each in topics if RETENTION not in configs.get(each, {}) and not layout.is_dead(each)]
    if untold and layout.retention is not None:
        logger.warning(
            "nobody knows whether %s keeps events as long as `retention` says: the brokers do not tell; give the user "
            "the right DescribeConfigs on it, where Kafka asks for rights",
            ", ".join(untold),
        )
    differences, mends = [], []
    for topic, replicas in sorted(topics.items()):
        for difference, mend in _differences(layout, topic, replicas, configs.get(topic, {})):
            differences.append(f"the topic {topic} {difference}")
            mends.append(mend)
    if differences:
        raise ConfigurationError("; ".join(differences), where=layout.url, mend="; ".join(dict.fromkeys(mends)))


def _differences(
    layout: Layout, topic: str, replicas: Sequence[int], config: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield what differs, each with what to do about it."""
    kept, policy = config.get(RETENTION), config.get(POLICY, "")
    if layout.is_dead(topic):
        if kept not in (None, _FOR_EVER) and "delete" in policy:
            yield f"removes dead letters after {_period(kept)}", _altered(topic, "cleanup.policy=compact")
    else:
        if "compact" in policy:
            # Groups that are behind would not get them, and nothing would tell: offsets have gaps anyway.
            yield (
                f"removes each event when a newer one of its key is there (cleanup.policy={policy})",
                _altered(topic, "cleanup.policy=delete"),
            )
        if layout.partitions not in (None, len(replicas)):
            yield (
                f"has {len(replicas)} partitions, not {layout.partitions}",
                f"leave `partitions` out or give {len(replicas)}, or add partitions with `kafka-topics --alter`",
            )
        if layout.retention is not None and kept not in (None, layout.retention_ms):
            yield (
                f"keeps events {_lasting(kept)}, not {_lasting(layout.retention_ms)}",
                f"leave `retention` out, or {_altered(topic, f'{RETENTION}={layout.retention_ms}')}",
            )
    if layout.replication is not None and {layout.replication} != set(replicas):
        has = " or ".join(map(str, sorted(set(replicas))))
        yield (
            f"has {has} replicas, not {layout.replication}",
            f"leave `replication` out or give {has}, or change the topic with `kafka-reassign-partitions`",
        )


async def _configs(admin: AIOKafkaAdminClient, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """Return what the brokers tell of how they keep topics; what they do not tell is missing."""
    if not topics:
        return {}
    try:
        # All that there is: tansu hangs up where single names are asked for.
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, each) for each in topics])
    except (KafkaError, NotImplementedError) as error:  # the latter for a broker that knows newer requests only
        logger.debug("the brokers do not tell how they keep topics: %r", error)
        return {}
    found = {}
    for code, _, _, topic, entries in (each for answer in answers for each in answer.resources):
        if code:
            logger.debug("the brokers do not tell how they keep the topic %s: %s", topic, for_code(code).__name__)
        else:
            found[topic] = {name: value for name, value, *_ in entries if value is not None}
    return found


def _altered(topic: str, config: str) -> str:
    command = f"kafka-configs --alter --entity-type topics --entity-name {topic} --add-config {config}"
    return f"change the topic with `{command}`"


def _lasting(milliseconds: str) -> str:
    return "for ever" if milliseconds == _FOR_EVER else f"for {_period(milliseconds)}"


def _period(milliseconds: str) -> str:
    days = int(milliseconds) / DAY
    return f"{days:,g} day{'' if days == 1 else 's'}" if days >= 1 else f"{int(milliseconds) / 1000:,g} s"
