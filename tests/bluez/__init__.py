"""Labels over a real Linux kernel and a real BlueZ, in a virtual machine made of Debian packages.

`./aisle test bluez` boots it (no image: the kernel's package, a shell, and this machine's files read-only) and runs
`inside`, which puts virtual labels on the other end of the kernel's virtual controller. It fails where it cannot run.
"""
