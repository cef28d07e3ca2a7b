"""The engine's version: it changes when the same bars may give other numbers."""

ENGINE_VERSION = "2"
