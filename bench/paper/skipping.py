"""What a script does whose data are not here. It needs no gRPC, so that whoever reads the data needs none either."""

import sys

# Exit code of an experiment that was not made, as in tools/.
SKIPPED = 77


def skip(reason):
    """Ends the script: the experiment cannot be made."""
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)
