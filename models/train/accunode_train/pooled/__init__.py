"""Version 2: smooth monotone transforms, learned from the companies of two countries."""
