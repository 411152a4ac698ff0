"""Benchmarks in the terms of their own publications: RewardBench, LLMBar, HelpSteer2, Nectar."""
