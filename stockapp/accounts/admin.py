"""Admin of users, their API tokens, and counted login failures."""

from axes.admin import AccessAttemptAdmin
from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse

from stockapp.accounts.models import ApiToken, ApiTokenQuerySet, User
from stockapp.accounts.passwords import SetPasswordForm
from stockapp.accounts.tokens import describe_revocation
from stockapp.read_only_admin import ReadOnlyAdmin

RISK = (
    "capital",
    "capital_currency",
    "other_capitals",
    "risk_percent",
    "position_limit_percent",
    "min_risk_reward",
    "long_only",
    "strategy",
)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    list_filter = [*DjangoUserAdmin.list_filter, "is_demo"]
    readonly_fields = ["is_demo"]
    change_password_form = SetPasswordForm
    change_user_password_template = "admin/accounts/user/change_password.html"  # noqa: S105
    fieldsets = [
        *(DjangoUserAdmin.fieldsets or []),
        ("Risk", {"fields": RISK}),
        ("Display", {"fields": ("default_exchange", "number_format", "time_zone", "theme", "chart_indicators")}),
        ("Demo", {"fields": ("is_demo",)}),
    ]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """API tokens: they can be revoked, but not edited, because a key must keep its scope, name and owner."""

    list_display = ["name", "user", "scope", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    fields = ("name", "user", "scope", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ["revoke"]

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: ApiTokenQuerySet) -> HttpResponse | None:
        """Ask for confirmation, then revoke the tokens."""
        working = list(tokens.unrevoked().select_related("user"))
        if working and "post" not in request.POST:
            title = f"Revoke {len(working)} API token{pluralize(len(working))}?"
            context = {**self.admin_site.each_context(request), "title": title, "tokens": working}
            return TemplateResponse(request, "admin/accounts/apitoken/revoke.html", context)
        count = tokens.revoke()
        for token in working:
            self.log_change(request, token, "Revoked.")
        messages.success(request, describe_revocation(count))
        return None

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may revoke tokens; the permission is that to change them."""
        return request.user.has_perm("accounts.change_apitoken")


admin.site.unregister(AccessAttempt)


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnlyAdmin[AccessAttempt], AccessAttemptAdmin):  # type: ignore[misc]
    """Login attempts: read-only; deletion needs the permission, which the action of django-axes does not check."""

    actions = ()
