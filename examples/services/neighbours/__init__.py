"""The services around the three: account, wallet, billing, storage, organization and notification, played by one app.

For demonstrations and tests. Their contracts are the AsyncAPI documents in `schemas/external/`; what this app publishes
is checked against them.
"""
