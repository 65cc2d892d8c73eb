"""Show a run or a plan as one self-contained HTML file."""

from stash.page.writing import find_run, write_page, write_page_of_run

__all__ = ["find_run", "write_page", "write_page_of_run"]
