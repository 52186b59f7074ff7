"""People, teams and reporting lines from a directory (LDAP) or from CSV files."""
