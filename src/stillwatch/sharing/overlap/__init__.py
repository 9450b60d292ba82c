"""What two hosts have in common, found without showing each other the rest: private set intersection (OpenMined)."""
