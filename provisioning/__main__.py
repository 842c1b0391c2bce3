"""`python -m provisioning`."""

import sys

from provisioning import cli

sys.exit(cli.main())
