"""Retraining on the screen: the dialog's three pages, and the child process behind them."""
