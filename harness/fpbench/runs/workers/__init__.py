"""Send parts of a run to other processes: GPUs of this machine, or a Ray cluster."""
