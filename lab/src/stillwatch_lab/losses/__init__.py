"""What is minimised: divergences between a teacher's and a student's next-token distributions."""
