"""Programs that do one kind of segmentation each, in a process of their own, as often as they are told to."""
