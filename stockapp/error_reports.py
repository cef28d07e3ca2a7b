"""Error reports: Django's debug pages without secrets."""

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from stockapp.masking import mask


class ReportFilter(SafeExceptionReporterFilter):
    """A filter that hides variables marked as sensitive, such as passwords, while DEBUG is on too."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True


class Report(ExceptionReporter):
    """A report with secrets masked everywhere: in settings, variables, messages, source and environment."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(mask(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(mask(super().get_traceback_text()))
