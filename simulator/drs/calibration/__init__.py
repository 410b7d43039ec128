"""From what the AWS CLI printed of real jobs to the latencies of a profile: values in, values out, no files."""
