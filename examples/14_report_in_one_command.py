"""From the export of a CRM to a page and a workbook in one command, and the same again from a file of settings.

The commands are those of a terminal or of cron; here they run one after the other, and a program reads what they tell.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"
OUTPUT = Path(__file__).parent / "output" / "14_report"
shutil.rmtree(OUTPUT, ignore_errors=True)
OUTPUT.mkdir(parents=True)
LTV_BAYES = [sys.executable, "-m", "ltv_bayes"]  # on a terminal: ltv-bayes


def command(*words):
    """Run a command, and say what it told: one JSON object."""
    print("$ ltv-bayes", *words)
    done = subprocess.run(
        [*LTV_BAYES, *words, "--json", "--quiet"], capture_output=True, text=True, encoding="utf-8", cwd=OUTPUT
    )
    print(done.stderr, end="")
    told = json.loads(done.stdout)
    print(f"  exit code {done.returncode}, {len(told.get('files', []))} files\n")
    return told


shutil.copy(DATA / "crm_export.csv", OUTPUT)

print("1. Settings, with what was understood of the file; an analyst looks them through once\n")
wanted = ["--opportunities", "orders", "--relation", "additional", "--spread", "30%", "--margin", "0.35"]
command("init", "crm_export.csv", *wanted, "--draws", "250", "--origins", "0", "--to", "run.toml")
for line in (OUTPUT / "run.toml").read_text(encoding="utf-8").splitlines():
    if line and not line.startswith(("#", "[")):
        print(f"  {line.partition('  #')[0]}")

print("\n2. Page, workbook and tables; this line stands in cron\n")
told = command("report", "--config", "run.toml")
total = told["totals"]["total"]
print(f"  {told['terms']['customers']} customers, {told['terms']['horizon']} from {told['terms']['as_of']}")
print(f"  total: {total['median']:,.0f} {told['terms']['currency']}, {total['low']:,.0f} to {total['high']:,.0f}")

print("\n3. Another horizon: an option goes before the file; files of the earlier run are replaced\n")
longer = command("report", "--config", "run.toml", "--horizon", "5 years", "--no-page")
print(f"  total: {longer['totals']['total']['median']:,.0f} {told['terms']['currency']}")
gone = set(told["files"]) - set(longer["files"])
print(f"  no longer there: {', '.join(sorted(gone))}")

print("\n4. What is wrong is told in one line, with exit code 1\n")
command("report", "crm_export.csv", "--customer", "kunde")
print(f"written: {OUTPUT / 'report'}")
