"""EK3xx: a change breaks what is deployed, or what lies in streams and stores."""

from __future__ import annotations

from typing import Final

from eventkit.verify.rules.rule import Rule, Severity

DEPLOYED_SUBSCRIBER_REJECTS: Final = "EK301"
OLD_EVENTS_REJECTED: Final = "EK302"
NO_LONGER_PUBLISHED: Final = "EK303"
CHANGED_WITHOUT_VERSION: Final = "EK304"
UNDECIDED_CHANGE: Final = "EK305"
KEY_CHANGED: Final = "EK306"

EVOLUTION_RULES: Final = (
    Rule(
        DEPLOYED_SUBSCRIBER_REJECTS,
        # An error although deploying the subscriber first may be safe: nothing holds a pipeline to that order, until
        # `order` says that it keeps it.
        Severity.ERROR,
        "a deployed subscriber rejects what the changed publisher sends",
        "In the sources the two fit. Until the new subscriber is deployed, the old one gets the new events, and each "
        "becomes a dead letter.",
        """\
# publisher, in this change                  # subscriber as deployed
status: Literal["paid", "held"]              status: Literal["paid"]
                                             # and in this change
                                             status: Literal["paid", "held"]""",
        "Deploy the subscriber first, as a change of its own that reads both shapes, then change the publisher. If "
        'your pipeline always deploys subscribers before publishers, say so: `order = "subscribers-first"` in '
        "[tool.eventkit.evolution].",
    ),
    Rule(
        OLD_EVENTS_REJECTED,
        Severity.ERROR,
        "a changed subscriber rejects events that a deployed publisher has sent",
        "Old events outlive the publisher that sent them: they lie in streams, in outboxes and among dead letters that "
        "are replayed. The new subscriber gets them, also when the publisher is deployed first, and each becomes a "
        "dead letter.",
        """\
# publisher as deployed                      # subscriber, in this change
order_id: str                                order_id: str
                                             currency: str   # the new publisher sends it""",
        "Let the subscriber read both shapes: a default for a field that old events lack, a union for a type that "
        "changed. Or publish the new shape as a new version, and keep the handler, or an upcaster, of the old one.",
    ),
    Rule(
        NO_LONGER_PUBLISHED,
        Severity.ERROR,
        "an event is no longer published and still handled",
        "The baseline has a publisher of the event, and with this change nobody publishes it, in any version. The "
        "handler never runs again, without a failing test and without a dead letter.",
        """\
# publisher as deployed                      # subscriber
class PaymentCompleted(                      class PaymentCompleted(
    Event, type="payment.completed"): ...        Event, type="payment.completed"): ...
# publisher, in this change
class PaymentDone(
    Event, type="payment.done"): ...""",
        "Publish the event until nobody handles it: let subscribers handle the new event first, then remove the old "
        "one. A version that is still to be read from streams and stores goes into [tool.eventkit.retained].",
    ),
    Rule(
        CHANGED_WITHOUT_VERSION,
        Severity.ERROR,
        "an event changed incompatibly without a new version",
        "The mode of the event promises its subscribers, whom nobody knows, that they can go on reading. Backward: who "
        "reads with the new schema can read old events. Forward: who relies on the old schema can read new events. "
        "Full: both. Transitive: with every schema of the history.",
        """\
# as deployed                                # in this change, in the mode forward
class InvoicePaid(                           class InvoicePaid(
    Event, type="invoice.paid"):                 Event, type="invoice.paid"):
    amount: Decimal                              amount: int""",
        "Publish the new shape as a new version of the event, or change it as the mode allows: forward, add fields and "
        "narrow values; backward, remove fields, widen values and add fields with a default.",
    ),
    Rule(
        UNDECIDED_CHANGE,
        Severity.ERROR,
        "it could not be decided whether a change is safe",
        "The old or the new schema uses something that the comparison does not decide, or the question was too large "
        "for its budget. A check that was not made is not a check that passed, so this is an error.",
        """\
# a schema that no comparison decides in general
{"type": "string", "pattern": "(?<=a)b"}""",
        "Say the same in simpler words: the finding names what could not be decided. Or publish a new version.",
    ),
    Rule(
        KEY_CHANGED,
        Severity.ERROR,
        "the key of an event changed",
        "The key orders events: those with the same value are handled one after the other. With another key, events "
        "that were handled in order until now are handled side by side, and while the change is deployed those of the "
        "old and of the new publisher have no order at all. No event is rejected, so nothing else shows it.",
        """\
# as deployed                                # in this change
class OrderPaid(                             class OrderPaid(
    Event, type="order.paid",                    Event, type="order.paid",
    key="order_id"): ...                         key="user_id"): ...""",
        "Keep the key. If handlers are to rely on another order, publish a new event that has it beside the old one, "
        "until nobody handles the old one.",
    ),
)
