"""Finds rules of a valid policy that can never decide anything."""
