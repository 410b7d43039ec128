"""CloudFormation: moto's, with the kinds of resource that are ours and what nested stacks and updates need besides."""
