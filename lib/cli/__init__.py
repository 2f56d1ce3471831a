"""The command line over the services, for people and programs without a browser."""
