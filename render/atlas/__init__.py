"""The atlas: where exhibits lie beside one another by how they look.

`look` turns a picture into numbers that do not change when it is turned or mirrored; `chart` finds, once for a
collection, the directions in which its pictures differ most (the index by which a visitor's browser finds the nearest
exhibits) and a map on which pictures that look alike lie together. New exhibits are placed on the map that is there.
"""
