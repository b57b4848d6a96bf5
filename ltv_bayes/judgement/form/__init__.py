"""Judgements as tables: columns found, read and checked."""
