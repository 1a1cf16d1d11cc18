#!/bin/sh
# Wall time and peak memory of `cost` over a ledger of a million jobs: benches/ledger.sh BINARY [ROWS]
# The rows are copies of a few jobs that ran on the stand-in, over 400 days and 50 projects.
set -eu
binary=$(realpath "${1:?the binary}")
rows=${2:-1000000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SHOTBOOK_HOME="$folder/home" SHOTBOOK_STORE="sqlite:$folder/ledger.db"
circuit=$(dirname "$0")/../circuits/bell.qasm
"$binary" mock exec -- "$binary" submit "$circuit" --on cepheus --shots 1000 --yes --quiet >"$folder/out" 2>&1
python3 - "$folder/ledger.db" "$rows" <<'PY'
import sqlite3, sys
path, many = sys.argv[1], int(sys.argv[2])
base = sqlite3.connect(path)
columns = [r[1] for r in base.execute("PRAGMA table_info(job)")]
own = dict(zip(columns, base.execute(f"SELECT {','.join(columns)} FROM job LIMIT 1").fetchone()))
task = base.execute("SELECT task, outcome FROM attempt LIMIT 1").fetchone()
def row(n):
    new = dict(own, id=f"j_{n:014d}zz", key=f"copy/{n}", project=f"p{n % 50}")
    new["device"] = ("cepheus", "garnet", "forte-1", "sv1")[n % 4]
    new["created_at"] = own["created_at"] - (n % 400) * 86_400_000_000
    return tuple(new[c] for c in columns)
with base:
    marks = ",".join("?" * len(columns))
    base.executemany(f"INSERT INTO job ({','.join(columns)}) VALUES ({marks})", map(row, range(many)))
    base.executemany("INSERT INTO attempt (job, number, task, outcome) VALUES (?, 1, ?, ?)",
                     ((f"j_{n:014d}zz", f"{task[0]}{n}", task[1]) for n in range(many)))
PY
for args in "--by device" "--by project,month" "--by day"; do
    for _turn in 1 2 3; do
        # shellcheck disable=SC2086
        python3 - "$binary" $args <<'PY'
import resource, subprocess, sys, time
start = time.monotonic()
run = subprocess.run([sys.argv[1], "cost", *sys.argv[2:]], capture_output=True)
wall, use = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"cost {' '.join(sys.argv[2:])}: exit {run.returncode}, wall {wall:.2f} s, processor {use.ru_utime + use.ru_stime:.2f} s, peak {use.ru_maxrss / 1024:.0f} MiB")
PY
    done
done
