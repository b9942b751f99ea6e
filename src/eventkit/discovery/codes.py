"""The codes of what can be wrong with a source; `eventkit.verify.rules` says what each of them means."""

from __future__ import annotations

from typing import Final

NOTHING_FOUND: Final = "EK501"
IMPORT_FAILED: Final = "EK502"
IMPORT_TOO_SLOW: Final = "EK503"
UNREADABLE_DOCUMENT: Final = "EK504"
UNREADABLE_MODULE: Final = "EK505"
TWICE: Final = "EK506"
DOCUMENT_OF_CODE: Final = "EK507"
SERVICE_IN_FUNCTION: Final = "EK508"
NO_SCHEMA: Final = "EK509"
ANOTHER_SERVICE: Final = "EK510"
UNKNOWN_PAYLOAD: Final = "EK511"
MALFORMED_SCHEMA: Final = "EK512"
UNREADABLE_REVISION: Final = "EK520"
KEPT_ELSEWHERE: Final = "EK521"
NO_INTERPRETER: Final = "EK522"
NOT_FROM_REVISION: Final = "EK523"
DOCUMENT_DIFFERS: Final = "EK524"
RETAINED_SCHEMA: Final = "EK530"
