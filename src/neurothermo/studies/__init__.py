"""Each paper's figures as runnable experiments, one file a paper."""
