"""The small programs behind localstack/invoke-lambda, receive and demo."""
