"""A data folder full of work that nobody did: for looking around, screenshots and benchmarks.

A seed makes a team, its training files and six months of jobs, whose estimates, budgets and
interruptions hold together as they would in a real installation. Only a database in which there is
nobody yet is ever filled.
"""
