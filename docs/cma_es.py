"""CMA-ES as an optimizer of `shotbook train --optimizer "exec:python3 docs/cma_es.py"`; pip install cma."""
import json
import sys

import cma


def read():
    return json.loads(sys.stdin.readline())


hello = read()
options = {"seed": hello["seed"] + 1, "maxiter": hello["iterations"], "verbose": -9}
search = cma.CMAEvolutionStrategy(hello["start"], 0.5, options)
while not search.stop():
    points = search.ask()
    print(json.dumps({"ask": [list(point) for point in points]}), flush=True)
    search.tell(points, read()["tell"])
print(json.dumps({"done": True}), flush=True)
