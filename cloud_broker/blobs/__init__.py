"""Content-addressed blobs: a folder by default, any fsspec file system where users outgrow it (`store`)."""
