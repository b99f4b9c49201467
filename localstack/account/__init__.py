"""The account that `localstack/seed` builds: a small team that moved from Heroku last week.

For each policy there is something right, something wrong, and something that only looks wrong. Each module makes one
part and returns the ids of what it made by logical name; those end up in seeded.json.
"""
