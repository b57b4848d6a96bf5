"""What customers are expected to buy and to pay, given draws of parameters: compiled loops without random numbers."""
