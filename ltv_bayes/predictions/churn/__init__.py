"""What moves the churn of single subscribers: tenure, the calendar, and covariates that vary in time."""
