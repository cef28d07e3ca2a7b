"""The project: settings, environment, checks, URLs and what every page shares."""
