"""Orders and customers that stay where they are, in Spark or a database."""
