"""The trainer: a config file in, events, checkpoints and a LoRA adapter out.

A program of its own. It knows nothing of the app that starts it, and runs the same on a laptop,
in a container and on a rented GPU. docs/trainer.md describes the contract.
"""
