"""Files, frames and cells, as they come, to tidy columns."""
