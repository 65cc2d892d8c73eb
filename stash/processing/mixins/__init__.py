"""One mixin a noun. None knows another."""
