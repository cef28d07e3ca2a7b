"""Error reports: the pages that Django shows of an exception while DEBUG is on, without secrets."""

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from stockapp.masking import mask


class ReportFilter(SafeExceptionReporterFilter):
    """Hide what views and forms mark as sensitive, such as a password, while DEBUG is on as well."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True


class Report(ExceptionReporter):
    """Mask the installation's secrets wherever they stand: settings, variables, sentences, source, environment."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(mask(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(mask(super().get_traceback_text()))
