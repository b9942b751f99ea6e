"""One event on its way to one handler: attempts, retry, dead letter, inbox and outbox."""
