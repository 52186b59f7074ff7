"""The search view: the instances of a worker's partitions as columns in a DuckDB file, which finds are answered from.

It holds nothing but what the stores hold, may lag behind them and may be deleted at any time (docs/decisions/0014).
"""
