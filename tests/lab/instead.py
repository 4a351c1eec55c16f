"""`e2e.py` of the lab with another controller in the place of Envoy Gateway. The folder of the lab is on the path already."""
import sys

import cluster
import e2e


def installed(**who):
    """What runs, beside the definitions that are installed."""
    with open(f'{cluster.STATE}/crds') as file:
        return {**who, 'crds': file.read()}


def run(lab, versions):
    """Runs the commands of `e2e.py` with this lab; the folder of the lab is the first argument."""
    cluster.use_venv()
    import replay
    del sys.argv[1]
    e2e.Lab, e2e.versions, replay.versions = lab, versions, versions
    sys.exit(e2e.main())
