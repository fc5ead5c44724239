"""How the shipped model of items was made: on a CPU, from weights that a package carries and pictures with labels.

`python -m vision.training --data FOLDER --out FOLDER`; needs the extra `train`. Start with `tune`.
"""
