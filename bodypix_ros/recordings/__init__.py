"""Videos, folders of pictures and bags: reads recordings and writes the results. Does not require ROS."""
