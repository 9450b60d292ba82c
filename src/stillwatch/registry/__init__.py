"""Who was named, on what evidence, and what they answered; and screening against such a register."""
