"""Renderings of findings, plans and events for programs that read them: CI systems, code scanning, test reports."""
