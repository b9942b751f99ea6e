"""EK5xx: a source could not be read. The codes are those of `eventkit.discovery`."""

from __future__ import annotations

from typing import Final

from eventkit.discovery import codes
from eventkit.verify.rules.rule import Rule, Severity

SOURCE_RULES: Final = (
    Rule(
        codes.NOTHING_FOUND,
        Severity.ERROR,
        "a source holds no contract",
        "What was to be checked is not there, so nothing was checked. Most often the path is wrong.",
        "eventkit verify exmaples/services",
        "Name a folder with Python services or AsyncAPI documents, or one such document.",
    ),
    Rule(
        codes.IMPORT_FAILED,
        Severity.ERROR,
        "a service could not be imported",
        "Contracts are taken from the code that runs, so the modules with the service, its publishers and its handlers "
        "are imported, in a process of their own. One of them raised an error or ended the process: the service was "
        "not checked.",
        """\
# order_service/events/service.py
DATABASE = os.environ["DATABASE_URL"]   # KeyError wherever the variable is not set
service = Service("order_service")""",
        "Let the modules be importable without side effects: read settings and open connections when the service "
        "starts. Run eventkit in the environment in which the service's dependencies are installed.",
    ),
    Rule(
        codes.IMPORT_TOO_SLOW,
        Severity.ERROR,
        "importing a service takes too long",
        "The import did not end within the time limit and was stopped: the service was not checked. Modules that wait "
        "for a network, a lock or input do so in every test, too.",
        """\
# order_service/events/service.py
service = Service("order_service")
wait_for_database()""",
        "Move what waits into a function that the service calls when it starts. Where importing is slow for good "
        "reasons, raise `import_timeout` (in seconds) in the configuration.",
    ),
    Rule(
        codes.UNREADABLE_DOCUMENT,
        Severity.ERROR,
        "a document could not be read",
        "The file is no AsyncAPI document, or not one that is understood: what it says was not checked.",
        """\
asyncapi: 3.0.0
channels: [order.created]   # a mapping is wanted""",
        "Correct the document at the place that is named.",
    ),
    Rule(
        codes.UNREADABLE_MODULE,
        Severity.ERROR,
        "a Python file could not be read",
        "The file is not valid Python, or not UTF-8 text. It may hold a service; whether it does cannot be told.",
        "service = Service('order_service'",
        "Correct the file at the place that is named, or leave its folder out of the sources.",
    ),
    Rule(
        codes.TWICE,
        Severity.ERROR,
        "two sources describe a service of the same name",
        "A service has one contract. Only the first one was used; what the other says was not checked.",
        """\
# orders/service.py                  # legacy_orders/service.py
service = Service("order_service")   service = Service("order_service")""",
        "Rename one of the services, or name only one of the sources.",
    ),
    Rule(
        codes.DOCUMENT_OF_CODE,
        Severity.INFO,
        "a document describes a service whose code was read, and says the same",
        "The contract was taken from the code, and the document was not used. Both say the same of what is sent and "
        "what is accepted.",
        "eventkit verify .   # finds order_service/ and schemas/order_service.asyncapi.yaml",
        "Nothing. `eventkit export --check` tells whether the document is up to date to the letter.",
    ),
    Rule(
        codes.SERVICE_IN_FUNCTION,
        Severity.WARNING,
        "a service that is made inside a function cannot be checked",
        "Importing the module does not make the service, so its publishers and handlers are not known and were not "
        "checked.",
        """\
def make_service() -> Service:
    service = Service("order_service")
    ...""",
        "Make the service at the top of a module: `service = Service(...)`.",
    ),
    Rule(
        codes.NO_SCHEMA,
        Severity.ERROR,
        "an event model has no JSON Schema",
        "A field's type cannot be written as JSON, so what the event looks like on the wire is not known, and the "
        "service was not checked.",
        """\
class OrderCreated(Event, type="order.created"):
    on_paid: Callable[[], None]""",
        "Use types that JSON has, or tell pydantic the schema of your own type with `WithJsonSchema`.",
    ),
    Rule(
        codes.ANOTHER_SERVICE,
        Severity.ERROR,
        "a function belongs to a service that is not bound in its package",
        "A publisher or handler is declared on a service that its module got from somewhere else: from a package "
        "outside of the source, from a function, or from the same package under another name. The service was not "
        "checked, as its contract would be a part of the whole.",
        """\
# orders/handlers.py
from platform.services import registry
service = registry["orders"]

@service.handler
async def handle_payment_completed(event: PaymentCompleted) -> None: ...""",
        "Bind the service at the top of a module of its own package, and import it from there under one name.",
    ),
    Rule(
        codes.UNKNOWN_PAYLOAD,
        Severity.WARNING,
        "it is not known what an event of a document looks like",
        "The message has no payload, or one that is described in Avro, Protobuf, RAML or OpenAPI 3.0, and not by a "
        "JSON Schema. The event is known, and that nothing can be proved of it: whoever publishes or handles it is not "
        "checked against this service, and each such pair is an EK199. All else in the document is checked.",
        """\
payload:
  schemaFormat: application/vnd.apache.avro;version=1.9.0
  schema: {type: record, name: OrderCreated, fields: [...]}""",
        "Describe the payload by a JSON Schema: most code that declares an event can write one.",
    ),
    Rule(
        codes.MALFORMED_SCHEMA,
        Severity.WARNING,
        "the schema of an event is not well formed",
        "It breaks the rules of JSON Schema, so that it says less than was meant, or nothing: a misspelt type, a "
        "keyword with a value of the wrong kind. Tools refuse it or pass over it, each in its way. As long as nobody "
        "else uses that part, no pair shows it; a pair that depends on it is an EK199.",
        """\
type: object
properties:
  amount: {type: decimal}   # number, or string""",
        "Correct the schema at the place that is named.",
    ),
    Rule(
        codes.UNREADABLE_REVISION,
        Severity.ERROR,
        "a git revision could not be read",
        "There is no such revision in the repository of the working folder, or git could not read it: what it holds "
        "was not checked. In a pipeline, the clone often has one commit and one branch only.",
        """\
git clone --depth 1 ...
eventkit verify git:v1.4.0:services   # the tag was not fetched""",
        "Name a revision that `git rev-parse` knows, and fetch what the clone lacks: `git fetch --unshallow`, or "
        "`fetch-depth: 0` in the checkout of a GitHub workflow.",
    ),
    Rule(
        codes.KEPT_ELSEWHERE,
        Severity.WARNING,
        "a part of a source is kept somewhere else",
        "A submodule of a git revision, a link that leads out of the repository, or a file of which only the pointer "
        "of Git LFS is there: whether it holds a contract cannot be told, and it was not checked.",
        "eventkit verify git:main   # vendor/platform is a submodule",
        "Check the part out and name its folder as a source of its own, or name a PATH in the revision that does not "
        "hold it: `git:main:services`.",
    ),
    Rule(
        codes.NO_INTERPRETER,
        Severity.ERROR,
        "the interpreter that is configured for a service cannot be used",
        "The services below the folder are imported by an interpreter of their own, and that is missing, is no Python, "
        "is too old, or has no eventkit that understands this one. None of these services was checked.",
        """\
[tool.eventkit.interpreters]
"services/legacy" = "services/legacy/.venv/bin/python"   # eventkit is not installed there""",
        "Install eventkit into that environment, in the version that runs the check: "
        "`services/legacy/.venv/bin/python -m pip install eventkit-contracts`. No extra is needed there.",
    ),
    Rule(
        codes.NOT_FROM_REVISION,
        Severity.ERROR,
        "a service of a git revision imports code of the work tree",
        "The service was read from the revision, but a module that it imports is installed from the work tree in a "
        "way that cannot be led elsewhere. A contract of mixed revisions is that of no program that ever ran, so the "
        "service was not checked.",
        """\
pip install --editable libs/shop_events   # with an import hook, which knows one folder
eventkit verify git:main:services""",
        "Check the revision out beside the work tree, with `git worktree add`, and verify it there in an environment "
        "of its own.",
    ),
    Rule(
        codes.DOCUMENT_DIFFERS,
        Severity.WARNING,
        "a document says something else about a service than its code",
        "The contract was taken from the code, and the document was not used. Whoever relies on the document, such as "
        "the services of another repository, is told something that does not hold.",
        """\
# schemas/order_service.asyncapi.yaml was exported before `currency` was added
class OrderCreated(Event, type="order.created"):
    order_id: str
    currency: str""",
        "Write the document anew with `eventkit export`, or remove it. Where it describes another service, rename one.",
    ),
    Rule(
        codes.RETAINED_SCHEMA,
        Severity.ERROR,
        "the schema of a retained version cannot be read",
        "The configuration says that events of this version still lie in streams or stores and have to be read. Nobody "
        "publishes it any more, so its schema is the file that `eventkit export` wrote while somebody did.",
        """\
[tool.eventkit.retained]
"order.created" = [1]   # schemas/events/order.created.v1.json is not there""",
        "Restore the file from the commit that removed it. Or remove the version from the table, once no event of it "
        "can come any more.",
    ),
)
