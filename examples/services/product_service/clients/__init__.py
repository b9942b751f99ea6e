"""The services that product_service asks when it needs an answer before it goes on."""

from product_service.clients.account_client import AccountClient
from product_service.clients.organization_client import OrganizationClient

__all__ = ["AccountClient", "OrganizationClient"]
