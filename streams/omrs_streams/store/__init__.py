"""One RocksDB per partition: current state, history, indexes, digest."""
