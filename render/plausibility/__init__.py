"""The plausibility report: how far a set of generated pictures lies from real ones that no network saw.

Every figure stands beside its floor, the same figure between two random halves of real pictures: without it nobody can
say whether a distance is small. No figure says whether one likes the pictures.
"""
