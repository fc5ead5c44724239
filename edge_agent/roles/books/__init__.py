"""The price books of a device: tables mapped from its disk, the book in force, and those to come.

`tables` keeps tables as files, `opened` is one book ready to be asked, `shelf` holds them all and switches.
"""
