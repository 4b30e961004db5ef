"""Believable data for demo tenants, for samples at sign-up and, in any size, for load tests."""
