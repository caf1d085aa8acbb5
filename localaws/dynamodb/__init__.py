"""moto's DynamoDB, whose writes are atomic."""
