"""What is kept: entries, results, decisions and the queue, in SQLite; exports to CSV and JSON."""
