"""Tests of the whole: processes, databases, browser, documents."""
