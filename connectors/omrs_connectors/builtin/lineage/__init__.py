"""OpenLineage events: kept as they came, and catalogued as processes, data sets and the lineage between them."""
