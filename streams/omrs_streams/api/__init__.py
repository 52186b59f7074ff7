"""REST: the repository services paths, worker-to-worker calls and operations."""
