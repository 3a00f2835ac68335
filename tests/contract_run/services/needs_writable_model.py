"""It writes into its model folder and fails where it must not; root may do what the permissions forbid."""

import os
from pathlib import Path

from good import serve

folder = Path(os.environ["SM_MODEL_DIR"])
if not folder.stat().st_mode & 0o200:
    raise PermissionError("the model folder is read-only")
(folder / "cache.bin").write_bytes(b"compiled")
serve()
