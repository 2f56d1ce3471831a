"""The entrypoint of a rented pod: data in, the trainer watched, results out, then it ends itself.

docs/pods.md is the contract. Nobody can reach a pod; all it has is its environment, the desk's
addresses and what it prints. Standard library only; the trainer runs as a child.
"""
