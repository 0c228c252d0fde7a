"""What every room stands on: results, checks, addressed randomness, resampling, whole files."""
