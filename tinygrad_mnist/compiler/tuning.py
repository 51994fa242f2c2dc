"""Every threshold of the compiler, with the measurement that chose it, or what it follows from.

`python -m benchmarks.thresholds` measures some of them: half and twice the value, by the value.
"""

# Loops ----------------------------------------------------------------------------------------------

#: Work of one element beyond which an expression gets a buffer in any case. Times with 30, by those with 80:
#: six tanh and sigmoid in a row and their sum 0.66, exp and log1p twice 0.54, the gates of a cell 0.61, a
#: power and its logarithm 0.72, sin, exp and cos times log1p 0.85 and, summed by rows, 1.17; with 40 0.76,
#: 0.62, 0.66, 0.68, 1.01, 1.27. Training steps of small networks, of eight activations
#: with SGD and with Adam, are the same programs with 30 as with 80.
INLINE_LIMIT = 30
TWICE_LIMIT = 4  # work beyond which a value that is used twice gets a buffer; 2: 1.01, 8: 0.97
MULTIPLY_ADDS = 16  # of a product, in the time of an addition
FEW = 32  # float32 numbers that are added up in float32; and iterations from which on vectors pay
MANY = 1024  # float64 numbers that are added up without a correction: 1023 roundings, 1.1e-13 at most
#: Rows of a listed matrix up to which its product is added to what it updates number by number. A matrix of
#: its own for the product takes 1.56, 1.16 and 1.05 times as long at 10, 32 and 128 rows of the article's
#: network. But each number is rounded with the weights then: after 50 steps with a rate of 1e-5 these had
#: moved by 0.99, 0.92 and 0.43 of what they should have.
ROUNDINGS = 16
#: Rows of an update up to which its tiles read the left operand in place: for 128, 256 and 512 rows of 512
#: numbers that takes 0.89, 0.88, 0.81 of turning it first, so that more rows may pay.
WIDEST = 256
#: Statements up to which a program is one function: LLVM takes more than twice as long for one twice as
#: long.
TOGETHER = 150

# Workers --------------------------------------------------------------------------------------------

WORTH_SHARING = 20_000  # work of a step from which on several workers are faster than one
SMALL = 256  # elements of a vector that one worker does alone
WORTH_PARTS = 1 << 16  # multiply-adds from which on a sum is shared out
WIDE = 256  # terms of a sum that is worth sharing out; results of one that is not shared out itself
WORTH_COLUMNS = 1 << 22  # multiply-adds from which on a wide product is shared out by columns

# Zeros ----------------------------------------------------------------------------------------------

LEAST_DEPTH = 64  # numbers in a row from which on lists pay
LEAST_WIDTH = 8  # columns of a product from which on they do: an entry costs a whole vector
SHARE_OF_WORK = 0.2  # of a product's that one by lists takes, about
SAMPLE = 64  # rows that are looked at for how many zeros there are
#: Bytes between the weights of the two workers, where a product skips zeros: the processor fetches ahead
#: what the other one is changing. An epoch of the article's network by two at batch 32 and 128 takes 0.84 and
#: 0.88 of what it takes without. In a model of it: with 1, 2, 4, 8 kB 0.81, 0.73, 0.69, 0.67 and, at 128,
#: 0.87, 0.84, 0.80, 0.74. One worker takes 1.01, since the gap is part of what is updated.
GAP = 1 << 12
PIECES = 8  # of a step's rows: so many sections ask for the next ones
