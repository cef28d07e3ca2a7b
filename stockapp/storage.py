"""Static files of a server: named by their content, compressed, and kept for ever by browsers."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which also follows the imports of JavaScript modules."""

    support_js_module_import_aggregation = True
