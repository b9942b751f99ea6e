"""The services that payment_service asks when it needs an answer before it goes on."""

from payment_service.clients.account_client import AccountClient
from payment_service.clients.billing_client import BillingClient
from payment_service.clients.product_client import ProductClient
from payment_service.clients.wallet_client import WalletClient

__all__ = ["AccountClient", "BillingClient", "ProductClient", "WalletClient"]
