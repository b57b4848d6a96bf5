"""Files, frames and cells, as exported, to tidy columns."""
