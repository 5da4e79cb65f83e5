"""Where points lie on the body surface: the skin's geometry and the rules that place points on it."""
