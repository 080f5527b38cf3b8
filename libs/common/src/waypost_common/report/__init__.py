"""What Kafka and MongoDB tell of a running system. Reads only; joins no consumer group."""
