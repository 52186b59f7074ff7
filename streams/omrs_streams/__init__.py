"""The metadata server: log, fold, store, cohort, repository, REST and command line."""
