"""Registry state machine, exchange rules, inbound and outbound events of a cohort."""
