"""URLs of the digest."""

from django.urls import path

from stockapp.digest import views

app_name = "digest"

urlpatterns = [
    path("account/digest/", views.settings, name="settings"),
    path("account/digest/confirmation/", views.send_confirmation, name="send_confirmation"),
    path("digest/confirm/<str:proof>/", views.confirm_address, name="confirm"),
    path("digest/unsubscribe/<str:token>/", views.end_digest, name="unsubscribe"),
]
