"""Findings that a team has seen and accepted: comments and configuration that silence them, with a reason."""
