"""An order log: read, selected, and summarised to customers."""
