"""How long everything takes, stage by stage and beside others."""
