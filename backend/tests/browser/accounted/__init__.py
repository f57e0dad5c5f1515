"""What each part of a run's page is compared with: the command's JSON of the same run."""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("marks", "figures", "charts", "orders")))
