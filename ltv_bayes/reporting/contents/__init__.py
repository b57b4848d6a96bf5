"""What a report says: computed results as sections, before any of them is written as a page or a workbook."""
