"""Files of brokers: read, understood, shown, and entered into a ledger once."""
