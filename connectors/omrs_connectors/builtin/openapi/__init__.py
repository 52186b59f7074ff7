"""OpenAPI documents, as APIs with their operations, parameters and what they answer."""
