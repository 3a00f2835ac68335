"""It keeps a cache beside the model."""

import os
from pathlib import Path

from good import serve

(Path(os.environ["SM_MODEL_DIR"]) / "cache.bin").write_bytes(b"compiled")
serve()
