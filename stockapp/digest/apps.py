from django.apps import AppConfig


class DigestConfig(AppConfig):
    name = "stockapp.digest"
    label = "digest"
