"""Admin of users and their API tokens."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from stockapp.accounts.models import ApiToken, User

RISK = ("capital", "risk_percent", "position_limit_percent", "min_risk_reward", "long_only", "strategy")


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    fieldsets = [
        *(DjangoUserAdmin.fieldsets or []),
        ("Risk", {"fields": RISK}),
        ("Display", {"fields": ("number_format", "theme", "chart_indicators")}),
    ]


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    list_display = ["name", "user", "scope", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    readonly_fields = ["user", "digest", "created_at", "last_used_at"]

    def has_add_permission(self, request: object) -> bool:
        return False
