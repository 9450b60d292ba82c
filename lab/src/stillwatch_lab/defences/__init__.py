"""What a host can do to its answers, one file a defence; the folder is scanned, so there is no list to edit."""
