"""People in depth images and point clouds: removed, or located. Arrays in, arrays out."""
