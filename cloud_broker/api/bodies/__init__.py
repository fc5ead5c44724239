"""Bodies of requests and answers, a file for each router that has any; `common` is what all are made of."""
