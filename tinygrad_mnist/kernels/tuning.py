"""Every threshold of the kernels, with the measurement that chose it, or what it follows from.

`python -m benchmarks.thresholds` measures again: for a size from which on something pays, how long the work
takes with it by without; for a block, at half and at twice its size by its own. What stands here is of
2026-11-29: an x86-64 with AVX-512 and 2 MB of second-level cache, float32, one thread.
"""

# Products -------------------------------------------------------------------------------------------

DEPTH = 384  # of a packed block: a panel of B this deep stays in the second-level cache; 192: 1.02, 768: 1.10
WIDTH = 3072  # columns of a packed block of B; 1536: 0.92, 6144: 1.08
HEIGHT = 480  # rows of a packed block of A; 240: 0.99, 960: 1.01
NEAR = 300_000  # elements of a block of B that stay in the second-level cache; 150,000: 1.00, 600,000: 1.07
#: Rows of A from which on packing B pays: with 24 it takes 1.29, with 48 1.02, with 96 0.83.
PACK_RIGHT_FROM = 48
#: Columns of B beyond which packing rows of A pays: of 256 rows with 128, 256, 512 columns 1.07, 1.06, 1.04.
PACK_LEFT_FROM = 256
#: Rows of A, and no more than its columns, up to which A @ B.T is computed by dot products: of 784 numbers,
#: for 16 rows of B, with 32, 64, 128 rows 1.02, 0.83, 1.16.
DOTS_UP_TO = 64
#: Columns of A.T @ B below which vectors idle, and its transpose, with longer rows, takes less time: with
#: 24, 33, 40, 47 columns 0.68, 0.83, 0.92, 1.15; with 48 vectors are full.
NARROW = 48
#: Vectors in a row of a right matrix, and its rows, up to which a program has it turned or copied at each
#: product, with sizes known beforehand: of 10, 32, 128 rows with 64 x 64 numbers 0.81, 0.58, 0.83 of the
#: general product, with 64 x 128 1.17, 0.81, 0.82.
SMALL_VECTORS = 4
SMALL_DEPTH = 64

# Images and rows ------------------------------------------------------------------------------------

#: Elements of the strips of a convolution, about: they fit into the second-level cache with all else; half
#: of it 1.05, twice 0.96.
STRIPS = 1 << 16
PIECE = 2048  # elements that a kernel works on while they are in the innermost cache; 1024: 0.94, 4096: 1.10
FEW = 32  # numbers that are added up in their own dtype: the error of a sum is bounded by so many roundings

# Threads --------------------------------------------------------------------------------------------

MANY = 1 << 14  # elements: 3.4 us of exponentials; from here on other Python threads may run meanwhile
MUCH = 1 << 20  # multiplications: 13 us; from here on they may
ALONE_UP_TO = 1 << 22  # multiplications: 47 us, and waking a thread takes 40
A_SHARE = 1 << 21  # multiplications that are worth a thread: 25 us
MOST_SUMS = 8  # into which a sum over images may be cut, so that as many threads can share it
#: Looks at the counter of a barrier, about a microsecond, between two offers of the core to other threads:
#: with both threads on one core an epoch of small steps takes 0.55 to 0.84 of what it does with 256.
SPINS = 16
