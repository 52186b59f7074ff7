"""One virtual repository over the local one and every member of this server's cohorts (OMRS queries § 5)."""
