"""The delivery layer: retry policy, worker, inbox, outbox and dead letters.

`policy` and `lanes` decide and do nothing else: time and randomness are passed in, no broker is seen. `worker`
carries out what they decide. `inbox` and `outbox` are the part that lives in the user's own database.
"""
