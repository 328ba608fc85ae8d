"""The whole frame on a GPU: one graph from uint8 pictures to masks and labels. Imported only where a GPU is wanted."""
