"""What a person looks at: status tables, contact sheets."""
