"""EK2xx: who publishes what to whom does not add up."""

from __future__ import annotations

from typing import Final

from eventkit.verify.rules.rule import Rule, Severity

NEVER_PUBLISHED: Final = "EK201"
PUBLISHERS_DISAGREE: Final = "EK202"
NEVER_HANDLED: Final = "EK203"
VERSION_NOT_READ: Final = "EK204"
PUBLISHER_UNKNOWN: Final = "EK205"
TWO_SCHEMAS: Final = "EK206"
WILDCARD_MATCHES_NOTHING: Final = "EK207"
CYCLE: Final = "EK208"
KEY_MISSING: Final = "EK209"

TOPOLOGY_RULES: Final = (
    Rule(
        NEVER_PUBLISHED,
        # An error, not a warning: from here, a publisher that renamed its event looks the same, and then a handler that
        # production relies on never runs again, without a failing test and without a dead letter.
        Severity.ERROR,
        "an event is handled but never published",
        "Others of its domain are published, but nobody in the landscape publishes this event: the handler never runs. "
        "Either its type name is wrong, or the publisher renamed the event, or a publisher's contract is missing.",
        """\
# payment_service                            # order_service
class PaymentDone(                           class PaymentCompleted(
    Event, type="payment.done"): ...             Event, type="payment.completed"): ...""",
        "Correct the type name; or add the publisher's contract, as an AsyncAPI document, to `neighbours` in the "
        "configuration; or remove the handler.",
    ),
    Rule(
        PUBLISHERS_DISAGREE,
        Severity.WARNING,
        "two services publish the same event in different shapes",
        "Every subscriber has to read both shapes, and nobody can tell which of them is the event. The subscribers of "
        "today may read both; the next one is written after one of them.",
        """\
# order_service                              # billing_service
class InvoicePaid(                           class InvoicePaid(
    Event, type="invoice.paid"):                 Event, type="invoice.paid"):
    amount: Decimal                              amount_paid: Decimal""",
        "Agree on one shape, or give the second event a name of its own.",
    ),
    Rule(
        NEVER_HANDLED,
        Severity.INFO,
        "an event is published but never handled",
        "Nobody in the landscape reads the event. It may be meant for readers elsewhere, or be left over.",
        """\
@service.publisher
async def publish_order_archived(order: Order) -> OrderArchivedEvent: ...""",
        "Nothing, where readers are outside of the landscape; otherwise remove the publisher.",
    ),
    Rule(
        VERSION_NOT_READ,
        Severity.ERROR,
        "a published version of an event is not read",
        "The service handles the event in other versions only. Each event of this version becomes a dead letter.",
        """\
# publisher                                  # subscriber
class OrderCreatedV2(                        class OrderCreated(
    Event, type="order.created", version=2)      Event, type="order.created")""",
        "Add a handler of the version, or an upcaster from it: `@service.upcaster`. A new version is published after "
        "its subscribers read it.",
    ),
    Rule(
        PUBLISHER_UNKNOWN,
        Severity.WARNING,
        "the contract of an event's publisher is missing",
        "Nobody in the landscape publishes anything of the event's domain, so its publisher is a service whose "
        "contract is not among the sources. Whether the two fit could not be checked.",
        """\
class PaymentCompleted(                      # no source publishes payment.*
    Event, type="payment.completed"): ...""",
        "Add the publisher's contract, as an AsyncAPI document, to `neighbours` in the configuration.",
    ),
    Rule(
        TWO_SCHEMAS,
        Severity.ERROR,
        "one version of an event has two schemas in one service",
        "A version is one schema. Where a service names two, every subscriber has to read both, and no reader can tell "
        "which of them an event follows. In Python such a service is refused when it is defined.",
        """\
operations:                                  # orders.asyncapi.yaml
  sendCreated: {action: send, ...}           # order.created: {order_id: string}
  sendImported: {action: send, ...}          # order.created: {id: integer}""",
        "Make them one message, a union if both shapes are meant, or give one of them another version or type name: "
        "`x-eventkit-version: 2`.",
    ),
    Rule(
        WILDCARD_MATCHES_NOTHING,
        Severity.WARNING,
        "a wildcard matches nothing that is published",
        "The service subscribes to all events whose names fit a pattern, and no published name does: the handler never "
        "runs. The pattern has a segment too many or too few, is written in the signs of another broker, or its events "
        "are published by a service whose contract is not among the sources.",
        """\
# audit_service, an AsyncAPI document          # order_service publishes order.created
address: orders.*""",
        "Correct the wildcard: `*` stands for one segment, `>` (NATS) and `#` (AMQP, MQTT) for the rest. Or add the "
        "publisher's contract to `neighbours` in the configuration.",
    ),
    Rule(
        CYCLE,
        Severity.INFO,
        "events can go in a circle",
        "A service handles events that it, by way of others, causes itself. That is how services answer each other; "
        "it is a fault when an event is published for every event that is handled, and the circle never ends. A "
        "contract does not say which handler publishes what, so this is a circle of services, not yet of events.",
        """\
order_service handles payment.completed, publishes order.updated
payment_service handles order.updated, publishes payment.completed""",
        "Nothing, where some handler on the way ends the circle. Otherwise publish only when something has changed.",
    ),
    Rule(
        KEY_MISSING,
        Severity.WARNING,
        "the key of an event is not always there",
        "The key orders events: those with the same value are handled one after the other. An event without a value "
        "has no order. And only the publisher's key counts: one that just the reader model names orders nothing.",
        """\
class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str | None = None""",
        "Use a field as the key that is always sent and never null. In a reader model, leave `key` out or name that of "
        "the publisher.",
    ),
)
