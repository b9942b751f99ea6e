"""The services that order_service asks when it needs an answer before it goes on."""

from order_service.clients.account_client import AccountClient
from order_service.clients.billing_client import BillingClient
from order_service.clients.notification_client import NotificationClient
from order_service.clients.payment_client import PaymentClient
from order_service.clients.storage_client import StorageClient
from order_service.clients.wallet_client import WalletClient

__all__ = ["AccountClient", "BillingClient", "NotificationClient", "PaymentClient", "StorageClient", "WalletClient"]
