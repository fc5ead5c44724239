"""Labels that speak their maker's own protocol over Bluetooth, and that a shop can buy anywhere.

They store no pictures and know no instant: whatever is sent is drawn at once. So the gateway's machine holds for each
what a label of the ESL Service would hold (`held`), and sends when the time has come. `gicisky` and `atc` are two
protocols, `driver` serves both, `tags` are labels that speak them byte for byte.
"""
