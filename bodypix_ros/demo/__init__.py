"""The processes of `bodypix demo` and `bodypix bench --node`: a virtual camera, and a node that collects results."""
