"""The demo: a whole store on this machine.

`stage` runs its processes, `seed` fills its cloud, `check` walks the journey.

Agents and the virtual world are processes of their own; the demo knows them by their commands only.
"""
