"""DuckDB and the Parquet files that it reads and writes."""
