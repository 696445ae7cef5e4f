"""`python -m lungstage` is `lungstage-classic`."""

import sys

from .cli.main import main

sys.exit(main())
