"""The door for people and other systems: FastAPI, deny by default; `/openapi.json` is its manual.

`app` assembles it, `auth` says who may, `models` what goes in and out, one file for each subject.
"""
