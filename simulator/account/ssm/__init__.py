"""Systems Manager: Automation and Run Command, in virtual time. Parameters and documents are moto's."""
