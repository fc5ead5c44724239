"""Shelves: what must stand where, what photos showed, and the tasks that come of it."""
