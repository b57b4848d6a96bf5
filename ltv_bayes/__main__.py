"""The command line, as ``python -m ltv_bayes``."""

from ltv_bayes.cli.commands import app

if __name__ == "__main__":
    app()
