"""Where performance claims come from: ratios, measured side by side in one run."""
