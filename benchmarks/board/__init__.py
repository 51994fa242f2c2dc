"""The board: how long until a network reads 96, 97, 98 and 99% of unseen digits."""
