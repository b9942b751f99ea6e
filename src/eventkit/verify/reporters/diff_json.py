"""A diff as JSON, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TextIO

from eventkit.verify.diff import Diff
from eventkit.verify.finding import title
from eventkit.verify.reporters.json_report import finding_document, pair_document, silenced_document


def write_json(diff: Diff, stream: TextIO) -> None:
    """Write a diff as one JSON object; findings and pairs look as in a report."""
    document: dict[str, Any] = {
        "services": {"added": list(diff.services_added), "removed": list(diff.services_removed)},
        "events": [
            {
                "event": title(change.event),
                "role": change.role,
                "change": "added" if change.added else "removed",
                "services": list(change.services),
                "new_version": change.added and change.new_version,
            }
            for change in diff.events
        ],
        "changes": [
            {
                "event": title(change.event),
                "service": change.service,
                "role": change.role,
                "fields": [asdict(field) for field in change.changes],
            }
            for change in diff.messages
        ],
        "broken": [finding_document(finding) for finding in diff.broken],
        "silenced": [silenced_document(finding) for finding in diff.silenced],
        "broken_before": [pair_document(pair) for pair in diff.broken_before],
        "mended": [pair_document(pair) for pair in diff.mended],
    }
    json.dump(document, stream, indent=2)
    stream.write("\n")
