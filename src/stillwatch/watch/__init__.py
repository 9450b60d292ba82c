"""What goes on beside a running gateway: sealing, scanning what arrived, and saying how accounts stand."""
