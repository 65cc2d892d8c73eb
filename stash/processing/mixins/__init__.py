"""One mixin a noun; none knows another."""
