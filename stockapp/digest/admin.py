"""Admin of the digest: subscriptions, and messages with their statuses. Addresses with secrets are not shown."""

from django.contrib import admin

from stockapp.digest.models import Message, Subscription
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    list_display = ["user", "by_email", "confirmed_email", "by_url", "updated_at"]
    list_filter = ["by_email", "by_url"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    exclude = ["url"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin[Message]):
    list_display = ["subject", "user", "channel", "status", "attempts", "error_message", "created_at", "sent_at"]
    list_filter = ["status", "channel"]
    list_select_related = ["user"]
    search_fields = ["user__username", "subject"]
    date_hierarchy = "created_at"
    exclude = ["lease_token", "woken_at"]
    show_full_result_count = False
