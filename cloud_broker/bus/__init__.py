"""The bus: its port (`port`), its MQTT 5 client (`mqtt`), a fake (`memory`), and the broker we start (`mosquitto`).

The edge imports this package and no other of the cloud: a broker publishes its own client.
"""
