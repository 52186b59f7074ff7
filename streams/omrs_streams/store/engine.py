"""RocksDB as it is used here: raw bytes, one column family, a block cache shared by all partitions of a process."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DbClosedError,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)

from omrs_schemas.errors import ConfigurationError, NotReadyError
from omrs_streams.store import keys

MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Memory in megabytes.

    Small by default: a process holds several partitions and has to fit beside a broker. A bulk load takes larger
    memtables, because each flush of half-filled ones is compacted again.
    """

    block_cache: int = 64
    memtable: int = 16
    bulk_memtable: int = 32
    open_files: int = 256


@functools.cache
def _shared_cache(megabytes: int) -> Cache:
    return Cache(megabytes * MEGABYTE)


def _options(settings: EngineSettings, bulk: bool) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(_shared_cache(settings.block_cache))
    table.set_block_size(8 * 1024)  # several 1 KB payloads compress together; a read by guid still costs one block
    # Index and filter blocks stay outside the block cache: its shards are 1 MB, the index of a 64 MB file is larger,
    # would never stay cached and cost 100 µs on every read. Outside they take about 15 bytes an instance.
    table.set_bloom_filter(10, False)  # 1 % false answers: most new guids are found absent without a read
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size((settings.bulk_memtable if bulk else settings.memtable) * MEGABYTE)
    options.set_max_write_buffer_number(3 if bulk else 2)
    if bulk:
        # Compaction competes with the load for two cores: let it wait for a dozen files, stop writers much later.
        options.set_level_zero_file_num_compaction_trigger(12)
        options.set_level_zero_slowdown_writes_trigger(48)
        options.set_level_zero_stop_writes_trigger(72)
        options.set_max_bytes_for_level_base(512 * MEGABYTE)
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.02)
    options.set_max_open_files(settings.open_files)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)  # RocksDB's own log tells of the present and the last run
    options.set_stats_dump_period_sec(0)
    return options


def open_engine(path: Path, settings: EngineSettings, bulk: bool) -> Rdict:
    """The database at `path`, created when absent."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        return Rdict(str(path), _options(settings, bulk))
    except Exception as error:  # rocksdict raises bare Exception; what it is about stands in words only
        if "lock" not in str(error).lower():
            raise
        raise ConfigurationError(
            f"the store at {path} is in use by another process",
            help="two workers need names of their own (--worker); is one with this name still running?",
            path=str(path),
        ) from error


def write_options(bulk: bool) -> WriteOptions:
    """Bulk: no write-ahead log (what a crash takes is read again from the Kafka log) and keys that come in order."""
    options = WriteOptions()
    setattr(options, "disable_wal", bulk)  # noqa: B010 - typed as a method, is a property
    setattr(options, "memtable_insert_hint_per_batch", bulk)  # noqa: B010
    return options


def is_damaged(error: Exception) -> bool:
    """Whether RocksDB refused a database because its files are not what it wrote; it says so in words only."""
    return type(error) is Exception and str(error).startswith("Corruption")


def read(engine: Rdict, key: bytes) -> bytes | None:
    """The value of `key`. NotReadyError when the store was closed: its partition went to another worker."""
    try:
        return cast("bytes | None", engine.get(key))
    except DbClosedError:
        raise _closed() from None


def write(engine: Rdict, batch: WriteBatch, options: WriteOptions) -> None:
    """All of the batch or nothing. NotReadyError when the store was closed."""
    try:
        engine.write(batch, options)
    except DbClosedError:
        raise _closed() from None


def _closed() -> NotReadyError:
    return NotReadyError("the store is closed", help="ask again: its partition went to another worker")


def scan(engine: Rdict, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values that begin with `prefix`, in order, as of the moment of the first `next`."""
    return scan_range(engine, prefix, keys.after(prefix))


def scan_range(engine: Rdict, first: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values with first <= key < end, in order.

    A generator, here and below, so that the options live as long as the iterator: rocksdict does not keep the bound.
    """
    options = ReadOptions()
    options.set_iterate_upper_bound(end)
    try:
        yield from cast("Iterator[tuple[bytes, bytes]]", engine.items(from_key=first, read_opt=options))
    except DbClosedError:
        raise _closed() from None


def scan_keys(engine: Rdict, prefix: bytes) -> Iterator[bytes]:
    """Keys alone that begin with `prefix`."""
    options = ReadOptions()
    options.set_iterate_upper_bound(keys.after(prefix))
    try:
        yield from cast("Iterator[bytes]", engine.keys(from_key=prefix, read_opt=options))
    except DbClosedError:
        raise _closed() from None
