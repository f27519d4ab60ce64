"""The workbook as read-only apps: own pages in front of Voilà's kernels and scripts."""

from retention_kit.serving.launch import serve

__all__ = ["serve"]
