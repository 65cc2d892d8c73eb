"""Send GraphQL requests to Stash."""
