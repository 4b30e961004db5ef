"""The parts of the OpenAPI document: what is common, record types, runs."""
