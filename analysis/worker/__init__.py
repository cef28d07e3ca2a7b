"""The worker: from a claimed lease to stored results, and the recovery of lost leases."""
