"""Values of segments, compared and ranked."""
