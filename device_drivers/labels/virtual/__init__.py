"""A shop full of labels without hardware: real sealed bytes on a train in real time, flash and ink in a folder."""
