"""Pure computation: arrays and dataclasses in and out. No framework, database, network or clock."""

from app.engines.kernel_cache import use_kernel_cache
from app.engines.memory import keep_freed_memory

use_kernel_cache()  # before any kernel is defined
keep_freed_memory()
