"""`python -m config.processes run|services|with COMMAND`: the process tree behind `make run` and its siblings."""

import sys

from config import env
from kernel.embedded.tree import main

if __name__ == "__main__":
    try:
        home, port = env.read("PEYVAND_HOME"), env.read("PORT")
    except env.EnvError as error:
        sys.exit(str(error))
    sys.exit(main(sys.argv[1:], home, port, embedded=env.embedded()))
