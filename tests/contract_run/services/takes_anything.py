"""It takes bodies of any size."""

import good

good.MOST_BYTES = 10**12
good.serve()
