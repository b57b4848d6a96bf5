"""What is in a file of each format: text, workbooks, pages."""
