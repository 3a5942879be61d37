"""Preparing pictures and training every family that ships."""
