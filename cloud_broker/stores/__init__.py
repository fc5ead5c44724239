"""Stores: how a new one comes in.

A person writes a store file (`written` says what may stand in it); `files` reads it with the tables it
names and finds everything that is wrong; `opening` puts it into the cloud, all or nothing.
"""
