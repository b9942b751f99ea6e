"""EK2xx: who publishes what to whom does not add up."""

from __future__ import annotations

from typing import Final

from eventkit.verify.rules.rule import Rule, Severity

NEVER_PUBLISHED: Final = "EK201"
PUBLISHERS_DISAGREE: Final = "EK202"
NEVER_HANDLED: Final = "EK203"
VERSION_NOT_READ: Final = "EK204"
PUBLISHER_UNKNOWN: Final = "EK205"
WILDCARD_MATCHES_NOTHING: Final = "EK207"

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
)
