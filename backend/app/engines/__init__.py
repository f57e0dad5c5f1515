"""Pure computation: arrays and dataclasses in and out. No framework, database, network or clock."""
