"""It keeps a cache beside the model, in an image."""

from pathlib import Path

from good import serve

Path("/opt/ml/model/cache.bin").write_bytes(b"compiled")
serve()
