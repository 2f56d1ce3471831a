"""Telling people who are not looking: mail, and the signed links in it."""
