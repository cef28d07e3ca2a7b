"""URLs of the account, but of its settings: that page stands above, because it rates stocks anew."""

from django.urls import path

from stockapp.accounts import token_views, views

app_name = "accounts"

urlpatterns = [
    path("example/", views.account_example, name="account_example"),
    path("tokens/new/", token_views.new_token, name="new_token"),
    path("tokens/revoke/", token_views.revoke_all_tokens, name="revoke_all_tokens"),
    path("tokens/<int:pk>/revoke/", token_views.revoke_token, name="revoke_token"),
]
