"""What latwrap answers for each of this project's own tests that failed: own_answers.py REPORT"""

import json
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text())
print(f"\nWhose fault was it? {sys.argv[1]} has the rest.")
for row in report["spans"]:
    # The tests start other runners, whose tests fail on purpose.
    if row["runner"] == "pytest" and row["answer"]:
        print(f"  {row['answer']}: {row['name']}: {row['evidence']}")
