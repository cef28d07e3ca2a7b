"""Who uses the application: the user, risk settings, API tokens."""
